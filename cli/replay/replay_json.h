// What `vpcwall replay --json` writes, schema vpcwall/replay/1: documents of "kind" packet, one a line, and
// one of kind summary at the end.
//
// {"schema", "kind": "packet", "number", "at", "time", "verdict": accept | drop | held | none, "reason",
//  "packet": {…}, "fragments", "gates": […]}; of two policies, "decisions": [{"policy", "verdict", …}, …]
//  instead
// {"schema", "kind": "summary", "capture": {…}, "policies": [{"policy", "packets", "gates", "reasons",
// "rules",
//  "conversations"}], "differences": {…}}; see vpcwall-replay(1)
//
// One thread.
#pragma once

#include <nlohmann/json.hpp>

#include "cli/replay/played_capture.h"

namespace vpcwall {

[[nodiscard]] nlohmann::ordered_json frame_json(const PlayedFrame& frame, const PlayedCapture& capture);

struct ReplayJsonOptions {
  bool only_dropped = false;  // conversations that lost a packet
  std::size_t limit = 0;      // conversations listed
};
[[nodiscard]] nlohmann::ordered_json summary_json(const PlayedCapture& capture,
                                                  const ReplayJsonOptions& options);

// "2026-11-26T09:11:53.120000000Z"
[[nodiscard]] std::string utc_text(std::chrono::nanoseconds since_1970);

}  // namespace vpcwall
