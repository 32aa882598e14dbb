// What `reach` and `diff` are told to look at: --from, --to, --protocol, --client.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "net/address.h"
#include "net/protocol.h"

namespace vpcwall {

struct TrafficOptions {
  std::string from, to, protocol;
  std::string client = "linux";

  void add_to(CLI::App& verb);

  // Nothing: any protocol. Throws CLI::ValidationError.
  [[nodiscard]] std::optional<Protocol> wanted_protocol() const;
  // From which ports clients ask (N-35 to N-40). Throws CLI::ValidationError.
  [[nodiscard]] PortRange client_ports() const;
};

}  // namespace vpcwall
