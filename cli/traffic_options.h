// --client: from which ports clients ask (N-35 to N-40).
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "net/address.h"

namespace vpcwall {

// linux, windows, nat, elb, or FIRST-LAST. Throws CLI::ValidationError.
[[nodiscard]] PortRange read_client_ports(const std::string& text);

}  // namespace vpcwall
