// What a run of `vpcwall replay` has found out so far: the capture, and what one or two policies made of it.
//
// Values that the verb fills and the reports read. One thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "replay/capture_replay.h"

namespace vpcwall {

struct PlayedPolicy {
  PlayedPolicy(std::string path, const Policy& policy) : file(std::move(path)), replay(policy) {}

  std::string file;
  CaptureReplay replay;
};

struct PlayedCapture {
  PlayedCapture(std::string path, LinkType type) : file(std::move(path)), link_type(type), arrivals(type) {}

  std::string file;
  LinkType link_type;
  Arrivals arrivals;
  std::uint64_t frames = 0;
  std::chrono::nanoseconds begun{};                               // the time stamp of the first frame
  Duration length{};                                              // up to the latest one
  std::string damage;                                             // empty: it was read to its end
  std::vector<std::unique_ptr<PlayedPolicy>> policies;            // one, or two that are compared
  std::uint64_t only_first_accepts = 0, only_second_accepts = 0;  // packets

  [[nodiscard]] bool is_comparison() const noexcept { return policies.size() == 2; }
  [[nodiscard]] std::uint64_t differing() const noexcept { return only_first_accepts + only_second_accepts; }
};

// One frame: what arrived, and what became of it under each policy; nothing when it is not judged.
struct PlayedFrame {
  std::chrono::nanoseconds time{};
  Arrival arrival;
  std::vector<std::optional<Decision>> decisions;

  [[nodiscard]] bool is_dropped() const noexcept {
    return decisions[0] && decisions[0]->verdict == Verdict::drop;
  }
  [[nodiscard]] bool differs() const noexcept {
    return decisions.size() == 2 && decisions[0] && decisions[0]->verdict != decisions[1]->verdict;
  }
};

}  // namespace vpcwall
