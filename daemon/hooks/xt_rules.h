// The xt back end's rules as text: what iptables-restore reads, and what iptables-save says of them.
//
// Our chains of the table `security`, per family:
//   VPCWALL-FORWARD, -INPUT, -OUTPUT   which packets are taken; one jump from the built-in chain each
//   VPCWALL-FAST                       which taken packets the fast path refuses; then to VPCWALL-QUEUE
//   VPCWALL-OUT-1, -2, …               the same for what leaves by one device of the plan, and what of it the
//                                      fast path passes
//   VPCWALL-QUEUE                      which queue a packet goes to
//   VPCWALL-REASSEMBLE                 never entered: the socket match in it makes the kernel reassemble
//                                      fragments, without connection tracking, while the rule exists
//   VPCWALL-PROBE                      for a moment at start: does this kernel know all that we need
// The reassembly rule carries a comment that names which nftables objects did not exist before us, so that
// they can be removed again, also by a later process.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/hooks/hook_plan.h"

namespace vpcwall {

inline constexpr std::string_view xt_table = "security";
inline constexpr std::array<std::string_view, 3> xt_built_in_chains{"INPUT", "FORWARD", "OUTPUT"};
inline constexpr std::array<std::string_view, 7> xt_own_chains{
    "VPCWALL-FORWARD", "VPCWALL-INPUT",      "VPCWALL-OUTPUT", "VPCWALL-FAST",
    "VPCWALL-QUEUE",   "VPCWALL-REASSEMBLE", "VPCWALL-PROBE"};
inline constexpr std::string_view xt_out_chain = "VPCWALL-OUT-";  // and the class of the device
// Whether a chain of the table is ours.
[[nodiscard]] bool is_own_xt_chain(std::string_view name) noexcept;

// What of ours stands in the table now.
struct XtState {
  std::vector<std::string> chains;
  std::vector<std::string> jumps;  // "-A FORWARD … -j VPCWALL-FORWARD", as saved
  std::vector<std::string> made;   // from the comment: "table" and names of built-in chains

  [[nodiscard]] bool empty() const noexcept { return chains.empty() && jumps.empty(); }
  friend bool operator==(const XtState&, const XtState&) = default;
};

// `saved` is the output of iptables-save for the table.
[[nodiscard]] XtState read_xt_state(std::string_view saved);

// The built-in chains that the plan needs in this family; empty if it takes no packet of the family.
[[nodiscard]] std::vector<std::string> xt_hooks_needed(const HookPlan& plan, Family family);

// The input of `iptables-restore --noflush` that turns `state` into the plan. `made` goes into the comment.
[[nodiscard]] std::string render_xt(const HookPlan& plan, Family family, const XtState& state,
                                    const std::vector<std::string>& made);
// The same for "nothing of ours".
[[nodiscard]] std::string render_xt_removal(const XtState& state);
// A chain that nothing jumps to, with every match and target that render_xt uses.
[[nodiscard]] std::string render_xt_probe(Family family);
[[nodiscard]] std::string render_xt_probe_removal();

}  // namespace vpcwall
