// The story of the reply that never arrives, and of what a stateful and a stateless firewall do to a
// connection.
#pragma once

#include <span>
#include <string_view>

#include "cli/lab/demo_stage.h"

namespace vpcwall {

struct DemoStep {
  std::string_view title;
  void (*play)(DemoStage&);
};

inline constexpr std::string_view ephemeral_port_headline = "The reply that never arrives";
[[nodiscard]] std::span<const DemoStep> ephemeral_port_steps() noexcept;

}  // namespace vpcwall
