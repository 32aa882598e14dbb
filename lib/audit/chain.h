// The audit log as a chain: each line names its number and the digest of the line before.
//
//   ChainHead head;                                            // of an empty log
//   file += append(head, {{"event", "apply"}, …});             // {"entry":1,"previous":"","event":"apply",…}
//   file += append(head, {{"event", "confirm"}, …});           // {"entry":2,"previous":"sha256:…",…}
//
// So a line that is changed, removed or put in between is found by the next one (verification.h), and the end
// by the head, which is kept apart. The digest is not a secret: who may write the log and its head may make a
// chain anew, so that a head elsewhere, in the journal say, is what proves most. Numbers go on when files are
// put aside. Any thread; values.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace vpcwall {

struct ChainHead {
  std::uint64_t entry = 0;  // the last one; 0: none
  std::string digest;  // of its line, the line end left out; of a line before the chain when there is none
  std::uint64_t first = 1;  // the first one that is kept
  friend bool operator==(const ChainHead&, const ChainHead&) = default;
};

// The line, its end included and at most max_entry_bytes long, escaped for a terminal; moves the head on.
[[nodiscard]] std::string append(ChainHead& head, const nlohmann::ordered_json& content);

struct ChainLink {
  std::uint64_t entry = 0;
  std::string previous;
};
// Of a line without its end; nothing when it is not one of a chain.
[[nodiscard]] std::optional<ChainLink> link_of(std::string_view line);

// The head as the text of a file, and back; nothing when it is none.
[[nodiscard]] std::string to_text(const ChainHead& head);
[[nodiscard]] std::optional<ChainHead> head_of(std::string_view text);

}  // namespace vpcwall
