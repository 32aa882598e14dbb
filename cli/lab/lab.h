// A lab: a whole VPC in network namespaces, made from one policy and removed without a trace.
//
// bring_up() and take_down() hold the lock of all labs; both need root. Failures are std::runtime_error (or
// std::system_error) with one line for the operator, after which nothing of the lab is left.
#pragma once

#include <string>
#include <vector>

#include "cli/lab/lab_daemon.h"
#include "cli/lab/lab_record.h"
#include "policy/policy.h"

namespace vpcwall {

struct LabRequest {
  std::string name = "lab";
  std::string policy_path;  // absolute; empty: the lab keeps `policy_text` in a file of its own
  std::string policy_text;
  std::string daemon;  // program; empty: find_daemon()
  LabDaemonSettings settings;
};

// A lab of this name that exists, running, crashed or half made, is taken down first.
LabRecord bring_up(const LabRequest& request, const Policy& policy);

// Everything that a lab of this name has: processes, namespaces, files. False if there was nothing.
bool take_down(const std::string& name);

// The namespaces of a lab, router first; of those, exists() may say no for a lab that is half made.
[[nodiscard]] std::vector<std::string> namespaces_of(const LabPlan& plan);

// Throws std::runtime_error unless the effective user is root.
void require_root();

}  // namespace vpcwall
