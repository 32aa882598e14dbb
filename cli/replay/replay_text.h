// What `vpcwall replay` says to people: a line for a frame, and tables for the whole capture.
//
// Texts end with a newline, except fate_text(). Colour is never the only sign. One thread.
#pragma once

#include <string>

#include "cli/replay/played_capture.h"

namespace vpcwall {

struct ReplayTextOptions {
  bool only_dropped = false;  // conversations that lost a packet
  std::size_t limit = 0;      // conversations shown
};

// "drop, acl-default: acl-ingress public allow 100, …", "held, waits for …", "not judged, not IP (0x0806)"
[[nodiscard]] std::string fate_text(const PlayedFrame& frame, std::size_t policy, const PlayedPolicy& played);

[[nodiscard]] std::string frame_title(const PlayedCapture& capture);
// One line, or one for each policy.
[[nodiscard]] std::string frame_text(const PlayedFrame& frame, const PlayedCapture& capture, bool colour);

[[nodiscard]] std::string summary_text(const PlayedCapture& capture, const ReplayTextOptions& options);

}  // namespace vpcwall
