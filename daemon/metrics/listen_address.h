// Where a TCP server listens: an address of this host and a port.
//
// As text 127.0.0.1:9465 or [::1]:9465; never a name, so that nothing is looked up. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/address.h"

namespace vpcwall {

struct ListenAddress {
  IpAddress address;
  std::uint16_t port = 0;  // never 0 from parse_listen_address()
  friend bool operator==(const ListenAddress&, const ListenAddress&) = default;
};

[[nodiscard]] std::string to_string(const ListenAddress& address);
[[nodiscard]] std::optional<ListenAddress> parse_listen_address(std::string_view text);

}  // namespace vpcwall
