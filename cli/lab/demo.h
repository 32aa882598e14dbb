// `vpcwall lab demo STORY`: a told story with real traffic. Each step says what is done and what is expected,
// shows the real command and its real outcome and the counters that moved, and checks that it was as told.
#pragma once

#include <string>
#include <string_view>

#include "cli/lab/lab.h"

namespace vpcwall {

inline constexpr std::string_view ephemeral_port_story = "ephemeral-port";

struct DemoOptions {
  std::string story;
  LabRequest request{"demo", {}, {}, {}, {}};
  bool no_color = false;
  bool keep = false;   // leave the lab up
  bool pause = false;  // wait for Enter between steps
};

// 0 if everything behaved as told. Cleans up also after a failure or an interruption (130). Throws what
// bring_up() throws.
[[nodiscard]] int run_demo(const DemoOptions& options);

}  // namespace vpcwall
