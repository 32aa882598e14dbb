#include "engine/decision.h"

namespace vpcwall {

std::string_view to_string(Verdict verdict) noexcept {
  return verdict == Verdict::accept ? "accept" : "drop";
}

std::string_view to_string(Gate gate) noexcept {
  switch (gate) {
    case Gate::exempt: return "exempt";
    case Gate::source_dest_check: return "source-dest-check";
    case Gate::acl_ingress: return "acl-ingress";
    case Gate::acl_egress: return "acl-egress";
    case Gate::sg_ingress: return "sg-ingress";
    case Gate::sg_egress: return "sg-egress";
  }
  return "?";  // GCOVR_EXCL_LINE: every value has its case
}

std::string_view to_string(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::allow: return "allow";
    case Outcome::deny: return "deny";
    case Outcome::fresh: return "new";
    case Outcome::tracked: return "tracked";
    case Outcome::untracked: return "untracked";
    case Outcome::no_state: return "no-state";
    case Outcome::pmtud: return "pmtud";
    case Outcome::table_full: return "table-full";
    case Outcome::exempt: return "exempt";
  }
  return "?";  // GCOVR_EXCL_LINE: every value has its case
}

std::string_view to_string(Reason reason) noexcept {
  switch (reason) {
    case Reason::passed: return "passed";
    case Reason::exempt: return "exempt";
    case Reason::not_guarded: return "not-guarded";
    case Reason::loopback: return "loopback";
    case Reason::source_dest_check: return "source-dest-check";
    case Reason::acl_entry: return "acl-entry";
    case Reason::acl_default: return "acl-default";
    case Reason::no_group_rule: return "no-group-rule";
    case Reason::flow_table_full: return "flow-table-full";
    case Reason::malformed: return "malformed";
    case Reason::fragment: return "fragment";
    case Reason::unlisted_address: return "unlisted-address";
  }
  return "?";  // GCOVR_EXCL_LINE: every value has its case
}

}  // namespace vpcwall
