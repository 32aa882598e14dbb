// The ephemeral ports of a client: which source port its next connection may have.
//
// The client's system chooses the range (N-41), so an entry for replies has to cover that one:
//   linux    32768-60999   N-35, today's kernels
//   windows  49152-65535   N-37
//   nat      1024-65535    N-38, N-43: a NAT gateway
//   elb      1024-65535    N-39, N-43: a load balancer
//   custom:LOW-HIGH        whatever a host was configured to
// Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/expected.h"
#include "net/address.h"

namespace vpcwall {

inline constexpr PortRange linux_client_ports{32768, 60999};  // N-35

struct ClientPorts {
  std::string client;  // "linux", "custom:2000-3000", …
  PortRange ports;
};

[[nodiscard]] ClientPorts linux_client();
// The error is a sentence for whoever wrote `text`.
[[nodiscard]] Expected<ClientPorts, std::string> parse_client(std::string_view text);
// The narrowest of the ranges that a client with this source port may draw from: linux, else 1024-65535, else
// the port alone.
[[nodiscard]] ClientPorts client_of(std::uint16_t source_port);

}  // namespace vpcwall
