// The host that a request is for, as its Host header names it.
//
// A page on the web can have a browser ask this server by a name of its own that leads here (DNS rebinding),
// and then read the answer. It cannot have the browser say another name than that, so a name that is not
// known to be this host's is refused. An address is safe when it is the one at which the request arrived.
// Any thread; nothing is looked up.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/address.h"

namespace vpcwall {

struct HostName {
  std::string text;  // lower case, without a dot at its end; of an address its usual form
  std::optional<IpAddress> address;
};

// "router.example.org", "203.0.113.7" or "2001:db8::7"; nothing for any other text.
[[nodiscard]] std::optional<HostName> host_of(std::string_view text);
// The same with brackets around an IPv6 address, and perhaps a port after it: "[2001:db8::7]:9465".
[[nodiscard]] std::optional<HostName> host_of_header(std::string_view header);

// Whether it is a name of the loopback device, an address of it, the address at which the request `arrived`,
// or one of `known`, which are texts of HostName.
[[nodiscard]] bool is_this_host(const HostName& host, const std::optional<IpAddress>& arrived,
                                const std::vector<std::string>& known);

// 127.0.0.1 of ::ffff:127.0.0.1; others stay.
[[nodiscard]] IpAddress unmapped(const IpAddress& address) noexcept;

}  // namespace vpcwall
