// What the process may still do once everything that needs root is open.
//
// Kept are CAP_NET_ADMIN, without which the kernel refuses verdicts and rules, and, where the process has it,
// CAP_NET_RAW, which only the tools of iptables-legacy need. Everything else goes, for this process and for
// the programs it runs, and cannot come back: also the bounding set is emptied and no_new_privs is set.
//
// Capabilities belong to threads: call before the first one is started. What is opened later (policy file at
// a reload, control socket) must be accessible to the user the daemon runs as, by ordinary file permissions.
#pragma once

namespace vpcwall {

// Throws std::runtime_error when CAP_NET_ADMIN is missing, with what to do about it.
void require_privileges();

// Throws std::runtime_error when the kernel refuses; the process must not go on then.
void drop_privileges();

}  // namespace vpcwall
