// Netlink attributes as bytes: what nftables' messages and expressions are made of. A plain value.
//
//   NftAttributes hook;
//   hook.number(NFTA_HOOK_HOOKNUM, NF_INET_FORWARD).number(NFTA_HOOK_PRIORITY, 50);
//   chain.text(NFTA_CHAIN_NAME, "forward").nest(NFTA_CHAIN_HOOK, hook);
//
// Numbers go in network order, as nftables wants them. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace vpcwall {

class NftAttributes {
 public:
  NftAttributes& number(std::uint16_t type, std::uint32_t value);
  NftAttributes& half(std::uint16_t type, std::uint16_t value);
  NftAttributes& text(std::uint16_t type, std::string_view value);  // with the zero at its end
  NftAttributes& bytes(std::uint16_t type, std::span<const std::byte> value);
  NftAttributes& nest(std::uint16_t type, const NftAttributes& inner);
  NftAttributes& append(const NftAttributes& others);

  [[nodiscard]] const std::vector<std::byte>& encoded() const noexcept { return encoded_; }
  friend bool operator==(const NftAttributes&, const NftAttributes&) = default;

 private:
  void put(std::uint16_t type, std::span<const std::byte> value);

  std::vector<std::byte> encoded_;
};

}  // namespace vpcwall
