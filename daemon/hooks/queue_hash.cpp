#include "daemon/hooks/queue_hash.h"

#include <utility>

namespace vpcwall {
namespace {

constexpr std::uint16_t load_word = BPF_LD | BPF_W | BPF_ABS;
constexpr std::uint16_t load_byte = BPF_LD | BPF_B | BPF_ABS;
constexpr std::uint16_t load_half = BPF_LD | BPF_H | BPF_ABS;
constexpr std::uint16_t load_half_at_x = BPF_LD | BPF_H | BPF_IND;
constexpr std::uint16_t load_number = BPF_LD | BPF_IMM;
constexpr std::uint16_t load_cell = BPF_LD | BPF_MEM;
constexpr std::uint16_t load_x_cell = BPF_LDX | BPF_MEM;
constexpr std::uint16_t load_x_ipv4_header_length = BPF_LDX | BPF_B | BPF_MSH;
constexpr std::uint16_t store_cell = BPF_ST;
constexpr std::uint16_t copy_to_x = BPF_MISC | BPF_TAX;
constexpr std::uint16_t xor_x = BPF_ALU | BPF_XOR | BPF_X;
constexpr std::uint16_t add_x = BPF_ALU | BPF_ADD | BPF_X;
constexpr std::uint16_t multiply = BPF_ALU | BPF_MUL | BPF_K;
constexpr std::uint16_t shift_right = BPF_ALU | BPF_RSH | BPF_K;
constexpr std::uint16_t modulo = BPF_ALU | BPF_MOD | BPF_K;
constexpr std::uint16_t jump_if_equal = BPF_JMP | BPF_JEQ | BPF_K;
constexpr std::uint16_t answer = BPF_RET | BPF_K;

constexpr std::uint32_t hash_cell = 0;
constexpr std::uint32_t port_cell = 1;

constexpr std::uint32_t matched = 0xFFFF;
constexpr std::uint32_t tcp = 6;
constexpr std::uint32_t udp = 17;

// Any odd number with well mixed bits: carries every address bit into the upper half.
constexpr std::uint32_t address_multiplier = 0x9E3779B1U;
constexpr std::uint32_t final_multiplier = 0x85EBCA6BU;

class Program {
 public:
  void add(std::uint16_t code, std::uint32_t k = 0) { add_jump(code, 0, 0, k); }
  // Jumps count the instructions to leave out.
  void add_jump(std::uint16_t code, std::size_t if_true, std::size_t if_false, std::uint32_t k) {
    code_.push_back({.code = code,
                     .jt = static_cast<std::uint8_t>(if_true),
                     .jf = static_cast<std::uint8_t>(if_false),
                     .k = k});
  }
  void append(const Program& other) { code_.insert(code_.end(), other.code_.begin(), other.code_.end()); }
  [[nodiscard]] std::size_t size() const noexcept { return code_.size(); }
  [[nodiscard]] std::vector<sock_filter> take() && { return std::move(code_); }

 private:
  std::vector<sock_filter> code_;
};

void start_hash(Program& program) {
  program.add(load_number, 0);  // the kernel refuses to load a cell that was never stored
  program.add(store_cell, hash_cell);
}

// hash = (hash + (word at `one` XOR word at `other`)) * address_multiplier
void mix_words(Program& program, std::uint32_t one, std::uint32_t other) {
  program.add(load_word, one);
  program.add(copy_to_x);
  program.add(load_word, other);
  program.add(xor_x);
  program.add(load_x_cell, hash_cell);
  program.add(add_x);
  program.add(multiply, address_multiplier);
  program.add(store_cell, hash_cell);
}

// hash += source port XOR destination port
Program mix_ports(Family family) {
  Program program;
  if (family == Family::ipv4) {
    program.add(load_x_ipv4_header_length, 0);
    program.add(load_half_at_x, 0);
    program.add(store_cell, port_cell);
    program.add(load_half_at_x, 2);
  } else {
    program.add(load_half, 40);
    program.add(store_cell, port_cell);
    program.add(load_half, 42);
  }
  program.add(load_x_cell, port_cell);
  program.add(xor_x);
  program.add(load_x_cell, hash_cell);
  program.add(add_x);
  program.add(store_cell, hash_cell);
  return program;
}

// hash = hash * multiplier; the upper half is folded into the lower one, where the remainder looks.
void scatter(Program& program, std::uint32_t multiplier) {
  program.add(multiply, multiplier);
  program.add(copy_to_x);
  program.add(shift_right, 16);
  program.add(xor_x);
}

// Twice, because ports that count up make the first product an arithmetic progression, which with an unlucky
// seed changes the bits that matter once in a hundred flows or not at all.
void answer_whether(Program& program, std::uint32_t seed, std::uint16_t queue_count, std::uint16_t index) {
  program.add(load_cell, hash_cell);
  scatter(program, seed | 1U);
  scatter(program, final_multiplier);
  program.add(modulo, queue_count);
  program.add_jump(jump_if_equal, 0, 1, index);
  program.add(answer, matched);
  program.add(answer, 0);
}

}  // namespace

std::vector<sock_filter> queue_hash_program(Family family, std::uint32_t seed, std::uint16_t queue_count,
                                            std::uint16_t index) {
  Program program;
  start_hash(program);
  if (family == Family::ipv4) {
    mix_words(program, 12, 16);
    program.add(load_byte, 9);
  } else {
    for (std::uint32_t word = 0; word < 16; word += 4) mix_words(program, 8 + word, 24 + word);
    program.add(load_byte, 6);
  }
  const Program ports = mix_ports(family);
  program.add_jump(jump_if_equal, 1, 0, tcp);
  program.add_jump(jump_if_equal, 0, ports.size(), udp);
  program.append(ports);
  answer_whether(program, seed, queue_count, index);
  return std::move(program).take();
}

std::string to_bytecode(std::span<const sock_filter> program) {
  std::string text = std::to_string(program.size());
  for (const sock_filter& instruction : program) {
    text += "," + std::to_string(instruction.code) + " " + std::to_string(instruction.jt) + " " +
            std::to_string(instruction.jf) + " " + std::to_string(instruction.k);
  }
  return text;
}

}  // namespace vpcwall
