#include "daemon/hooks/nft_attributes.h"

#include <arpa/inet.h>
#include <linux/netlink.h>

#include <string>

namespace vpcwall {

void NftAttributes::put(std::uint16_t type, std::span<const std::byte> value) {
  const nlattr header{static_cast<std::uint16_t>(NLA_HDRLEN + value.size()), type};
  const std::span<const std::byte> head = std::as_bytes(std::span(&header, 1));
  encoded_.insert(encoded_.end(), head.begin(), head.end());
  encoded_.insert(encoded_.end(), value.begin(), value.end());
  encoded_.resize(NLA_ALIGN(encoded_.size()));
}

NftAttributes& NftAttributes::number(std::uint16_t type, std::uint32_t value) {
  const std::uint32_t big_endian = htonl(value);
  put(type, std::as_bytes(std::span(&big_endian, 1)));
  return *this;
}

NftAttributes& NftAttributes::half(std::uint16_t type, std::uint16_t value) {
  const std::uint16_t big_endian = htons(value);
  put(type, std::as_bytes(std::span(&big_endian, 1)));
  return *this;
}

NftAttributes& NftAttributes::text(std::uint16_t type, std::string_view value) {
  const std::string with_end(value);
  put(type, std::as_bytes(std::span(with_end.c_str(), with_end.size() + 1)));
  return *this;
}

NftAttributes& NftAttributes::bytes(std::uint16_t type, std::span<const std::byte> value) {
  put(type, value);
  return *this;
}

NftAttributes& NftAttributes::nest(std::uint16_t type, const NftAttributes& inner) {
  put(static_cast<std::uint16_t>(type | NLA_F_NESTED), inner.encoded_);
  return *this;
}

NftAttributes& NftAttributes::append(const NftAttributes& others) {
  encoded_.insert(encoded_.end(), others.encoded_.begin(), others.encoded_.end());
  return *this;
}

}  // namespace vpcwall
