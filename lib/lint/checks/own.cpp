// Our own checks: what AWS's catalogues do not ask, and what people come to grief over.
#include "lint/checks/catalogues.h"
#include "lint/checks/entry_order.h"
#include "lint/checks/open_peers.h"
#include "lint/checks/other_gate.h"
#include "lint/checks/places.h"
#include "lint/checks/quotas.h"
#include "lint/checks/reply.h"
#include "lint/checks/rule_cover.h"
#include "lint/checks/use.h"
#include "lint/suppressions.h"

namespace vpcwall {

std::vector<Check> own_checks() {
  using enum CheckSeverity;
  constexpr auto ours = Catalogue::vpcwall;
  return {
      {"VW001",
       "entry-shadowed",
       ours,
       medium,
       "Entry of a network ACL that never decides",
       "Entries are tried by ascending number, and the first that matches decides. Earlier entries match "
       "whatever "
       "this one matches, so it is never asked. Where they have the opposite action, the policy does the "
       "opposite "
       "of what the entry says.",
       "give it a lower number, or remove it",
       "N-4, N-5",
       Look<NetworkAcl>(find_shadowed_entries),
       {}},
      {"VW002",
       "entry-redundant",
       ours,
       low,
       "Entry of a network ACL that changes nothing",
       "Some packets do reach the entry, but later entries, or the final `*`, would treat each of them "
       "alike.",
       "remove it, or suppress this finding if it is there to be read",
       "N-5, N-7",
       Look<NetworkAcl>(find_redundant_entries),
       {}},
      {"VW003",
       "rule-redundant",
       ours,
       low,
       "Rule of a group that another rule of the group covers",
       "Rules only allow, and any one that matches is enough. A narrow rule beside a wide one gives the "
       "false "
       "impression that the narrow one restricts something.",
       "remove it, or narrow the other rule",
       "S-5, S-7",
       Look<SecurityGroup>(find_redundant_rules),
       {}},
      {"VW004",
       "reply-blocked",
       ours,
       high,
       "Requests pass, their replies never do",
       "A network ACL keeps no state: the reply to a request that it let pass needs an entry of its own, for "
       "the port "
       "that the client chose. Every reply to these requests is denied, so that clients wait until they give "
       "up.",
       "add an entry for the replies",
       "N-3, N-14, N-41, N-42",
       Look<Policy>(find_blocked_replies),
       {}},
      {"VW005",
       "rule-unreachable",
       ours,
       medium,
       "Rule of a group that the network ACL leaves nothing of",
       "Both gates must let a packet pass. On every interface that carries the group, the network ACL denies "
       "whatever the rule allows.",
       "add an entry to the network ACL, or remove the rule",
       "O-1, O-2, O-3",
       Look<SecurityGroup>(find_unreachable_rules),
       {}},
      {"VW006",
       "entry-unreachable",
       ours,
       low,
       "Entry of a network ACL that no group lets anything of pass",
       "The entry allows packets that the groups of every interface behind the ACL refuse, be they requests "
       "or "
       "replies. It opens the subnet for nothing, and for whatever is put there later.",
       "remove the entry, or add a rule to a group",
       "O-1, O-2, O-3",
       Look<NetworkAcl>(find_unreachable_entries),
       {}},
      {"VW007",
       "group-unused",
       ours,
       low,
       "Security group that nothing uses",
       "No interface carries the group and no rule of another group names it.",
       "remove it",
       "S-10, S-81",
       Look<SecurityGroup>(find_unused_group),
       {}},
      {"VW008",
       "prefix-list-unused",
       ours,
       low,
       "Prefix list that nothing uses",
       "No rule names the list.",
       "remove it",
       "S-36, S-54",
       Look<PrefixList>(find_unused_list),
       {}},
      {"VW009",
       "acl-unused",
       ours,
       low,
       "Network ACL that nothing uses",
       "No subnet is associated with the ACL, so it judges nothing. The default ACL is left out: it cannot "
       "be "
       "removed.",
       "associate a subnet with it, or remove it",
       "N-2, N-24",
       Look<NetworkAcl>(find_unused_acl),
       {}},
      {"VW010",
       "open-by-halves",
       ours,
       high,
       "Ranges that are everyone only together",
       "AWS's rules take \"everyone\" literally, as 0.0.0.0/0 or ::/0. Ranges such as 0.0.0.0/1 and "
       "128.0.0.0/1 are "
       "the same and escape them.",
       "write 0.0.0.0/0 or ::/0 if everyone is meant, and narrower ranges if not",
       "A-13",
       Look<SecurityGroup>(find_open_by_halves),
       {}},
      {"VW011",
       "stale-reference",
       ours,
       medium,
       "Rule that names a group which does not exist",
       "In AWS a rule stays when the group that it names is deleted, and matches nothing. When a group of "
       "that id "
       "comes back, it matches again.",
       "remove the rule, or define the group",
       "S-79, S-80",
       Look<SecurityGroup>(find_stale_references),
       {}},
      {"VW012",
       "peer-empty",
       ours,
       info,
       "Rule whose peer is nobody at present",
       "A group that no interface carries, or a prefix list without entries, matches nothing until that "
       "changes.",
       "nothing, if members are still to come",
       "S-40, S-43, S-55",
       Look<SecurityGroup>(find_empty_peers),
       {}},
      {"VW013",
       "quota-near",
       ours,
       low,
       "Quota that is nearly reached",
       "At the quota AWS refuses the next rule, entry or object, usually in the middle of a change.",
       "have the quota raised (and write it into `quotas`), or merge rules",
       "S-24, S-25, S-28, S-29, S-30, N-27",
       Look<Policy>(find_near_quotas),
       {{"quotaPercent", CheckParameter::Kind::percent, "80"}}},
      {"VW014",
       "numbers-without-gap",
       ours,
       info,
       "Entries between which no number is left",
       "An entry can only be put between two others if a number is left there; otherwise the list must be "
       "numbered "
       "anew, which AWS only does entry by entry.",
       "number entries in steps of 10 or 100",
       "N-6, N-9, N-21",
       Look<NetworkAcl>(find_numbers_without_gap),
       {}},
      {suppression_check_id,
       "suppression-unused",
       ours,
       low,
       "Suppression that suppresses nothing",
       "What it was written for is gone, or it never matched. Left alone, it hides the next finding of its "
       "kind.",
       "remove it, or correct its object",
       "",
       Look<Policy>(find_unused_suppressions),
       {}},
      {"VW016",
       "sources-unchecked",
       ours,
       high,
       "Daemon that cannot tell where packets come from",
       "An address counts only on the device by which it can come. A router that knows no device believes "
       "every source; a host that knows no device of the services drops their answers. Asked when the "
       "daemon's settings are given with --settings.",
       "name the devices that lead out of the VPC in `uplinks` of daemon.yaml, or interfaces in `devices`",
       "D-1, D-2, E-16",
       Look<Policy>(find_unknown_places),
       {}},
  };
}

}  // namespace vpcwall
