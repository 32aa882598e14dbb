// A witness as people can ask for it again: the command line of `vpcwall explain`. Any thread.
#pragma once

#include <string>

#include "net/packet.h"

namespace vpcwall {

// "vpcwall explain --policy policy.yaml --protocol tcp --source 203.0.113.12:40000
// --destination 10.0.1.10:443", fit to be pasted into a shell. `request` is one of witness_packet().
[[nodiscard]] std::string explain_command(const Packet& request, const std::string& policy_file);

}  // namespace vpcwall
