// The smallest change of a policy after which a story ends as wanted, or why no change of rules would do.
//
// A fix is never a guess: whoever makes one has told the whole story again under `policy`, request and reply,
// for every source port that the client may have.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "policy/edit.h"

namespace vpcwall {

struct Fix {
  std::vector<Edit> edits;       // each of them is needed; in the order in which to apply them
  std::optional<Policy> policy;  // with the edits applied; none: no rule helps
  std::string why_not;           // then: why, as a sentence
  std::string instead;           // and what would help, as a sentence
};

}  // namespace vpcwall
