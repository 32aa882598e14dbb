// The audit log on disk, verified: audit.log and audit-refused.log of a state directory, each with the older
// files that were put aside (audit.log.1, …), and the head that is kept in audit.head.
//
// A daemon may write meanwhile: when the head is another one after reading, all is read again. Errors are
// std::runtime_error with a line that names the file.
#pragma once

#include <string>

#include "audit/verification.h"

namespace vpcwall {

struct VerifiedAudit {
  ChainReport changes;
  ChainReport refused;
  bool has_head = false;
};

// `told`: the head as a running daemon has it, or nothing; entries may have been added since.
[[nodiscard]] VerifiedAudit verify_audit(const std::string& directory, const std::optional<ChainHead>& told);

}  // namespace vpcwall
