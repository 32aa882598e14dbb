// Runs scenarios with real packets: each is sent raw at the right place of a lab, judged by a running
// vpcwalld, and looked for where it should arrive. What is compared is what the daemon says it decided, gate
// by gate, and whether the packet came through.
//
// Behind every packet goes a marker, an exempt packet on the same way. When the marker has been judged and
// has arrived, the packet before it has been judged as well, or never reached a queue: no time is waited.
// Needs root. One thread.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "cli/live/live_lab.h"
#include "scenario/outcome.h"
#include "scenario/scenario.h"

namespace vpcwall {

struct LiveOptions {
  std::string backend = "auto";  // auto, nft, xt
  bool fast_path = false;        // packets that the kernel answers are told by the counters that they move
  std::string daemon;            // program; empty: find_daemon()
};

class LiveRunner {
 public:
  explicit LiveRunner(LiveOptions options) : options_(std::move(options)) {}

  // Throws std::runtime_error when the lab or the daemon cannot be made.
  [[nodiscard]] ScenarioOutcome run(const Scenario& scenario);

  // Packets of all scenarios that the kernel answered by itself.
  [[nodiscard]] std::size_t answered_by_kernel() const noexcept { return answered_by_kernel_; }

  // Whether a scenario has anything to send.
  [[nodiscard]] static bool has_packets(const Scenario& scenario) noexcept;

 private:
  [[nodiscard]] LiveLab& lab_for(const Scenario& scenario, Endpoints endpoints);

  LiveOptions options_;
  std::size_t answered_by_kernel_ = 0;
  std::map<std::string, std::unique_ptr<LiveLab>> labs_;  // by their topology
};

// Why this kernel does not offer the back end, with a fast path or without, or nothing if it does. Makes and
// removes a small lab.
[[nodiscard]] std::optional<std::string> why_no_backend(const std::string& backend, bool fast_path,
                                                        const std::string& daemon);

}  // namespace vpcwall
