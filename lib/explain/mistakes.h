// The classic mistakes, recognised in a story: each said in one sentence.
//
// Names (to_string) are part of the JSON interface. Facts: N-3, N-5, N-8, N-10, N-14, N-41, S-39, S-40, S-51,
// S-66. Any thread.
#pragma once

#include <string>
#include <vector>

#include "explain/judged_policy.h"
#include "explain/nearest.h"
#include "explain/port_coverage.h"

namespace vpcwall {

enum class MistakeKind : std::uint8_t {
  // No entry for the client's ports, which is where replies go; in each of the four directions:
  no_ephemeral_server_egress_outside,   // egress of the server's subnet, the client is outside of the VPC
  no_ephemeral_server_egress_inside,    // egress of the server's subnet, the client is in another subnet
  no_ephemeral_client_ingress_outside,  // ingress of the client's subnet, the server is outside of the VPC
  no_ephemeral_client_ingress_inside,   // ingress of the client's subnet, the server is in another subnet
  service_port_repeated,                // the entry for replies names the port of the service
  part_of_ephemeral_range,              // it names only some of the client's ports
  allow_never_reached,    // an entry that allows stands behind one that denies all that it allows
  deny_never_reached,     // the other way round, and so the request passes
  other_family,           // a rule for IPv4 is expected to let IPv6 pass, or the reverse
  needs_private_address,  // a rule names a group, and the peer is reached by a public address
  peer_not_in_group,      // a rule names a group, and the peer is no member
  acl_inside_subnet,      // an entry denies it, but inside a subnet no network ACL is asked
};
[[nodiscard]] std::string_view to_string(MistakeKind kind) noexcept;

struct Mistake {
  MistakeKind kind = MistakeKind::other_family;
  std::string sentence;
};

// `near`: the near rules of the story's refusal, if it has one.
[[nodiscard]] std::vector<Mistake> mistakes_in(const JudgedPolicy& policy, const StoryTeller& teller,
                                               const Inquiry& inquiry, const PortCoverage& coverage,
                                               const std::vector<NearRule>& near);

}  // namespace vpcwall
