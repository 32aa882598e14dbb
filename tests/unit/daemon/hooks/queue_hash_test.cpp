#include "daemon/hooks/queue_hash.h"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <random>
#include <string>

namespace vpcwall {
namespace {

using Bytes = std::vector<std::uint8_t>;

// A classic BPF machine as the kernel's: big-endian loads, an answer of 0 for a load outside of the packet.
struct Machine {
  const Bytes& packet;
  std::uint32_t a = 0, x = 0;
  std::array<std::uint32_t, BPF_MEMWORDS> cells{};
  std::array<bool, BPF_MEMWORDS> stored{};
  bool outside = false;

  std::uint32_t load(std::size_t at, std::size_t size) {
    if (at + size > packet.size()) {
      outside = true;
      return 0;
    }
    std::uint32_t value = 0;
    for (std::size_t index = 0; index < size; ++index) value = value << 8U | packet[at + index];
    return value;
  }

  std::uint32_t run(const std::vector<sock_filter>& program) {
    for (std::size_t at = 0; at < program.size(); ++at) {
      const auto [code, jump_true, jump_false, k] = program[at];
      switch (code) {
        case BPF_LD | BPF_IMM: a = k; break;
        case BPF_LD | BPF_W | BPF_ABS: a = load(k, 4); break;
        case BPF_LD | BPF_H | BPF_ABS: a = load(k, 2); break;
        case BPF_LD | BPF_B | BPF_ABS: a = load(k, 1); break;
        case BPF_LD | BPF_H | BPF_IND: a = load(x + k, 2); break;
        case BPF_LDX | BPF_B | BPF_MSH: x = (load(k, 1) & 0xFU) * 4; break;
        case BPF_LD | BPF_MEM: a = cell(k); break;
        case BPF_LDX | BPF_MEM: x = cell(k); break;
        case BPF_ST:
          cells.at(k) = a;
          stored.at(k) = true;
          break;
        case BPF_MISC | BPF_TAX: x = a; break;
        case BPF_ALU | BPF_XOR | BPF_X: a ^= x; break;
        case BPF_ALU | BPF_ADD | BPF_X: a += x; break;
        case BPF_ALU | BPF_MUL | BPF_K: a *= k; break;
        case BPF_ALU | BPF_RSH | BPF_K: a >>= k; break;
        case BPF_ALU | BPF_MOD | BPF_K: a %= k; break;
        case BPF_JMP | BPF_JEQ | BPF_K: at += a == k ? jump_true : jump_false; break;
        case BPF_RET | BPF_K: return k;
        default: ADD_FAILURE() << "instruction " << code; return 0;
      }
      if (outside) return 0;
    }
    ADD_FAILURE() << "the program ends without an answer";
    return 0;
  }

  std::uint32_t cell(std::uint32_t index) {
    EXPECT_TRUE(stored.at(index)) << "the kernel refuses to load a cell that was never stored";
    return cells.at(index);
  }
};

struct Ends {
  Bytes source, destination;  // addresses
  std::uint16_t source_port = 0, destination_port = 0;

  [[nodiscard]] Ends turned() const { return {destination, source, destination_port, source_port}; }
};

Bytes packet(const Ends& ends, std::uint8_t protocol, std::size_t option_bytes = 0) {
  const bool ipv4 = ends.source.size() == 4;
  Bytes bytes(ipv4 ? 12 : 8, 0);
  bytes[0] = ipv4 ? static_cast<std::uint8_t>(0x45 + option_bytes / 4) : 0x60;
  bytes[ipv4 ? 9 : 6] = protocol;
  bytes.insert(bytes.end(), ends.source.begin(), ends.source.end());
  bytes.insert(bytes.end(), ends.destination.begin(), ends.destination.end());
  bytes.insert(bytes.end(), option_bytes, 0x01);
  for (const std::uint16_t port : {ends.source_port, ends.destination_port}) {
    bytes.push_back(static_cast<std::uint8_t>(port >> 8U));
    bytes.push_back(static_cast<std::uint8_t>(port));
  }
  bytes.insert(bytes.end(), 4, 0);
  return bytes;
}

constexpr std::uint32_t seed = 0x1234567;

// The one queue whose program matches. The last queue has no program in the rules, but has one here.
int queue_of(const Bytes& bytes, std::uint16_t count, std::uint32_t with_seed = seed) {
  const Family family = (bytes[0] >> 4U) == 4 ? Family::ipv4 : Family::ipv6;
  int found = -1;
  for (std::uint16_t index = 0; index < count; ++index) {
    Machine machine{.packet = bytes};
    if (machine.run(queue_hash_program(family, with_seed, count, index)) == 0) continue;
    EXPECT_EQ(found, -1) << "two queues take the packet";
    found = index;
  }
  return found;
}

Ends random_ends(std::mt19937& random, Family family) {
  const auto byte = [&random] { return static_cast<std::uint8_t>(random()); };
  const std::size_t size = family == Family::ipv4 ? 4 : 16;
  Ends ends{Bytes(size), Bytes(size), static_cast<std::uint16_t>(random()),
            static_cast<std::uint16_t>(random())};
  for (std::uint8_t& value : ends.source) value = byte();
  for (std::uint8_t& value : ends.destination) value = byte();
  return ends;
}

TEST(QueueHashTest, SendsBothDirectionsToTheSameQueue) {
  std::mt19937 random(1);
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    for (const std::uint8_t protocol :
         {std::uint8_t{6}, std::uint8_t{17}, std::uint8_t{47}, std::uint8_t{0}}) {
      for (const std::size_t options : {std::size_t{0}, std::size_t{4}, std::size_t{40}}) {
        if (family == Family::ipv6 && options != 0) continue;
        for (int round = 0; round < 50; ++round) {
          const Ends ends = random_ends(random, family);
          const int there = queue_of(packet(ends, protocol, options), 5);
          // The answer has no options as a rule.
          const bool ports_by_length = family == Family::ipv4 && (protocol == 6 || protocol == 17);
          const Bytes back = packet(ends.turned(), protocol, ports_by_length ? 0 : options);
          EXPECT_GE(there, 0);
          EXPECT_EQ(there, queue_of(back, 5)) << int{protocol} << " with options of " << options;
        }
      }
    }
  }
}

TEST(QueueHashTest, SendsIcmpOfOneHostPairToOneQueueWhateverItsTypeAndIdentifier) {
  std::mt19937 random(2);
  for (const auto& [family, protocol] :
       {std::pair{Family::ipv4, std::uint8_t{1}}, {Family::ipv6, std::uint8_t{58}}}) {
    for (int round = 0; round < 50; ++round) {
      Ends request = random_ends(random, family);
      Ends reply = request.turned();
      request.source_port = 0x0800;  // type and code stand where the ports would
      reply.source_port = 0;
      request.destination_port = reply.destination_port = static_cast<std::uint16_t>(random());
      EXPECT_EQ(queue_of(packet(request, protocol), 7), queue_of(packet(reply, protocol), 7));
    }
  }
}

// What makes the difference in practice: one server, ports counting up; or neighbours with one port.
TEST(QueueHashTest, SpreadsFlowsOverTheQueues) {
  struct Row {
    std::string name;
    Family family;
    std::uint16_t queues;
    int port_step, address_step;
  };
  const std::vector<Row> rows{
      {"one pair of hosts, ports in turn, IPv4", Family::ipv4, 2, 1, 0},
      {"one pair of hosts, ports in turn, IPv6", Family::ipv6, 2, 1, 0},
      {"even ports only, IPv4", Family::ipv4, 4, 2, 0},
      {"even ports only, IPv6", Family::ipv6, 4, 2, 0},
      {"many clients with the same port, IPv4", Family::ipv4, 4, 0, 1},
      {"many clients with the same port, IPv6", Family::ipv6, 4, 0, 1},
      {"ports in turn over sixteen queues", Family::ipv4, 16, 1, 0},
      {"ports in turn over three queues", Family::ipv6, 3, 1, 0},
  };
  constexpr int flows = 1600;
  for (const Row& row : rows) {
    std::mt19937 random(3);
    const Ends base = random_ends(random, row.family);
    std::vector<int> hits(row.queues, 0);
    for (int flow = 0; flow < flows; ++flow) {
      Ends ends = base;
      ends.source_port = static_cast<std::uint16_t>(20'000 + flow * row.port_step);
      const int address = flow * row.address_step;
      ends.source.end()[-1] = static_cast<std::uint8_t>(ends.source.end()[-1] + address);
      ends.source.end()[-2] = static_cast<std::uint8_t>(ends.source.end()[-2] + address / 256);
      const int queue = queue_of(packet(ends, 6), row.queues);
      ASSERT_GE(queue, 0);
      ++hits[static_cast<std::size_t>(queue)];
    }
    for (const int hit : hits) {
      EXPECT_GT(hit, flows / row.queues / 2) << row.name;
      EXPECT_LT(hit, flows / row.queues * 2) << row.name;
    }
  }
}

TEST(QueueHashTest, SpreadsPortsInTurnWhateverTheSeed) {
  constexpr int flows = 100;
  std::mt19937 random(5);
  for (int round = 0; round < 200; ++round) {
    const Family family = round % 2 == 0 ? Family::ipv4 : Family::ipv6;
    const auto with_seed = static_cast<std::uint32_t>(random());
    Ends ends = random_ends(random, family);
    int first = 0;
    for (int flow = 0; flow < flows; ++flow) {
      ends.source_port = static_cast<std::uint16_t>(20'000 + flow);
      first += queue_of(packet(ends, 17), 2, with_seed) == 0 ? 1 : 0;
    }
    EXPECT_GT(first, flows / 4) << "seed " << with_seed;
    EXPECT_LT(first, flows * 3 / 4) << "seed " << with_seed;
  }
}

TEST(QueueHashTest, ChoosesOtherwiseWithAnotherSeed) {
  std::mt19937 random(4);
  int moved = 0;
  for (int round = 0; round < 100; ++round) {
    const Bytes bytes = packet(random_ends(random, Family::ipv4), 17);
    if (queue_of(bytes, 2, 1) != queue_of(bytes, 2, 0x9876543)) ++moved;
  }
  EXPECT_GT(moved, 20);
}

TEST(QueueHashTest, MatchesNoPacketThatIsCutBeforeItsPorts) {
  const Ends ends{{10, 0, 0, 1}, {10, 0, 0, 2}, 1, 2};
  for (const std::size_t size : {std::size_t{0}, std::size_t{10}, std::size_t{19}, std::size_t{22}}) {
    Bytes bytes = packet(ends, 6);
    bytes.resize(std::max<std::size_t>(size, 1));
    EXPECT_EQ(queue_of(bytes, 3), -1) << size;
  }
}

// xt_bpf takes at most 64 instructions; jumps are single bytes.
TEST(QueueHashTest, FitsIntoARule) {
  EXPECT_LE(queue_hash_program(Family::ipv4, seed, 64, 63).size(), 64U);
  EXPECT_LE(queue_hash_program(Family::ipv6, seed, 64, 63).size(), 64U);
}

TEST(QueueHashTest, WritesBytecodeAsTheRuleToolReadsIt) {
  const std::vector<sock_filter> program{{.code = 48, .jt = 0, .jf = 0, .k = 9},
                                         {.code = 21, .jt = 0, .jf = 1, .k = 6},
                                         {.code = 6, .jt = 0, .jf = 0, .k = 4294967295}};
  EXPECT_EQ(to_bytecode(program), "3,48 0 0 9,21 0 1 6,6 0 0 4294967295");
}

}  // namespace
}  // namespace vpcwall
