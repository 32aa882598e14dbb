// A SavedState as a file: replaced whole, with a digest of its content in the first line.
//
// What is damaged, of another version or not possible is not trusted: load_state() says what is wrong, and
// the process begins without. Times are moved to this boot's clock if the file is of an earlier one; then the
// clock on the wall says how long ago that was, and a state from the future or older than any flow can get is
// refused.
#pragma once

#include <string>

#include "base/expected.h"
#include "state/saved_state.h"

namespace vpcwall {

// Which boot this is: by the environment variable VPCWALL_BOOT_ID, since a daemon that is confined does not
// see what the kernel says, or by that. Empty when neither tells.
[[nodiscard]] std::string boot_id();

// Now, by both clocks, and which boot this is: what a state has to be stamped with.
void stamp(SavedState& state, TimePoint now);

// Throws std::system_error when it cannot be written; then the file is what it was.
void save_state(const std::string& path, const SavedState& state);

struct NoState {
  std::string why;  // empty: there is no file
};
[[nodiscard]] Expected<SavedState, NoState> load_state(const std::string& path, TimePoint now);

}  // namespace vpcwall
