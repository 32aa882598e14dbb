// Which line was told of each flow, and how often its packets have met the same decision since.
//
// A table of fixed size. A flow that finds no place takes that of the one not seen for the longest time; when
// that one comes again it is told as new. One owner at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "observe/observed_flow.h"

namespace vpcwall {

struct FlowLine {
  ObservedFlow flow;
  Said said;
  std::uint64_t sequence = 0;              // of the event that told it
  std::uint64_t repeats = 0;               // since anything was told
  std::uint64_t seen = 0;                  // when, in packets of this table; 0: the place is free
  Outcome last_outcome = Outcome::exempt;  // at the gate that decided
  // Whose gate that was; meaningless without gates.
  InterfaceNumber last_interface = no_interface_number;
};

class FlowLines {
 public:
  // Room for at least `flows`.
  explicit FlowLines(std::size_t flows = 0);

  // The place of `flow`, which holds another flow, or nothing, if it is not known. Valid until the next call.
  [[nodiscard]] FlowLine& place_of(const ObservedFlow& flow) noexcept;
  // The packet that place_of() was asked for counts as seen there.
  void touch(FlowLine& line) noexcept { line.seen = ++now_; }

  [[nodiscard]] std::size_t places() const noexcept { return lines_.size(); }
  // Places [first, first + count), as far as there are.
  [[nodiscard]] std::span<FlowLine> piece(std::size_t first, std::size_t count) noexcept;

 private:
  static constexpr std::size_t ways = 4;

  std::vector<FlowLine> lines_;  // sets of `ways`; their number is a power of two
  std::uint64_t now_ = 0;
};

}  // namespace vpcwall
