#include "capture/pcapng.h"

#include <algorithm>

namespace vpcwall {
namespace {

using Bytes = std::vector<std::byte>;

constexpr std::uint32_t section_block = 0x0a0d0d0a, interface_block = 1, packet_block = 6;
constexpr unsigned end_of_options = 0, comment_option = 1;
constexpr unsigned application_option = 4;
constexpr unsigned name_option = 2, resolution_option = 9;
constexpr std::byte nanoseconds{9};  // time counts in units of 10^-9 seconds

void put(Bytes& bytes, std::uint64_t value, unsigned size) {
  for (unsigned i = 0; i < size; ++i) bytes.push_back(static_cast<std::byte>(value >> (8 * i)));
}

void put_padded(Bytes& bytes, std::span<const std::byte> more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
  bytes.resize(bytes.size() + (4 - more.size() % 4) % 4);
}

void put_option(Bytes& bytes, unsigned code, std::span<const std::byte> value) {
  put(bytes, code, 2);
  put(bytes, value.size(), 2);
  put_padded(bytes, value);
}

// Not in the middle of a character: its later bytes are 10xxxxxx.
std::string_view cut(std::string_view text) {
  if (text.size() <= max_text) return text;
  std::size_t size = max_text;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0U) == 0x80U) --size;
  return text.substr(0, size);
}

void put_text(Bytes& bytes, unsigned code, std::string_view text) {
  if (!text.empty()) put_option(bytes, code, std::as_bytes(std::span(cut(text))));
}

// Type and length stand in front of a block, the length behind it again.
class Block {
 public:
  Block(Bytes& bytes, std::uint32_t type) : bytes_(bytes), begin_(bytes.size()) {
    put(bytes_, type, 4);
    put(bytes_, 0, 4);
  }
  void close() {
    const std::size_t length = bytes_.size() - begin_ + 4;
    put(bytes_, length, 4);
    std::copy_n(bytes_.end() - 4, 4, bytes_.begin() + static_cast<std::ptrdiff_t>(begin_) + 4);
  }

 private:
  Bytes& bytes_;
  std::size_t begin_;
};

}  // namespace

void append_section(Bytes& file, const PcapngSection& section) {
  Block block(file, section_block);
  put(file, 0x1a2b3c4d, 4);  // tells a reader our byte order
  put(file, 1, 2);
  put(file, 0, 2);                  // version 1.0
  put(file, ~std::uint64_t{0}, 8);  // the section's length is not told
  put_text(file, comment_option, section.comment);
  put_text(file, application_option, section.application);
  put_option(file, end_of_options, {});
  block.close();
}

void append_interface(Bytes& file, const PcapngInterface& interface) {
  Block block(file, interface_block);
  put(file, static_cast<std::uint16_t>(interface.link_type), 2);
  put(file, 0, 2);
  put(file, 0, 4);  // no limit on the length of packets
  put_text(file, name_option, interface.name);
  put_option(file, resolution_option, std::span(&nanoseconds, 1));
  put_option(file, end_of_options, {});
  block.close();
}

void append_packet(Bytes& file, const CapturedFrame& frame, std::span<const std::string> comments) {
  Block block(file, packet_block);
  const auto time = static_cast<std::uint64_t>(frame.time.count());
  put(file, 0, 4);  // the interface
  put(file, time >> 32U, 4);
  put(file, time & 0xffffffffU, 4);
  put(file, frame.bytes.size(), 4);
  put(file, frame.wire_length, 4);
  put_padded(file, frame.bytes);
  for (const std::string& comment : comments) put_text(file, comment_option, comment);
  put_option(file, end_of_options, {});
  block.close();
}

}  // namespace vpcwall
