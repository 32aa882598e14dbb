// Bytes in network order, appended one field after the other; what packet_bytes and fragments write with.
//
//   ByteWriter writer;
//   writer.u8(0x45).u8(0).u16(length);
//   writer.set_u16(2, writer.size());
//
// One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "net/address.h"

namespace vpcwall {

class ByteWriter {
 public:
  ByteWriter& u8(unsigned value) {
    bytes_.push_back(static_cast<std::byte>(value));
    return *this;
  }
  ByteWriter& u16(unsigned value) { return u8((value >> 8U) & 0xffU).u8(value & 0xffU); }
  ByteWriter& u32(std::uint32_t value) { return u16(value >> 16U).u16(value & 0xffffU); }
  ByteWriter& u64(std::uint64_t value) {
    return u32(static_cast<std::uint32_t>(value >> 32U)).u32(static_cast<std::uint32_t>(value));
  }
  // 4 or 16 bytes, as its family has it.
  ByteWriter& address(const IpAddress& address) {
    if (address.family == Family::ipv4) return u32(static_cast<std::uint32_t>(address.high >> 32U));
    return u64(address.high).u64(address.low);
  }
  ByteWriter& append(std::span<const std::byte> more) {
    bytes_.insert(bytes_.end(), more.begin(), more.end());
    return *this;
  }
  // Cuts, or appends zeros.
  ByteWriter& resize(std::size_t size) {
    bytes_.resize(size);
    return *this;
  }
  // Over what stands there; `at + 2` bytes must be there.
  ByteWriter& set_u16(std::size_t at, unsigned value) {
    bytes_.at(at) = static_cast<std::byte>(value >> 8U);
    bytes_.at(at + 1) = static_cast<std::byte>(value);
    return *this;
  }

  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::vector<std::byte> take() && { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace vpcwall
