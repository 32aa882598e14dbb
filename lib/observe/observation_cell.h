// What one worker keeps for one observer: the events that are still to be fetched, and what was told of each
// flow.
//
// Every decision that the filter lets through ends in exactly one of three places:
//   told      an event is kept: the first packet of a flow, or one that met another verdict, reason or rule
//   repeated  counted with its flow, and told as a number: before the flow's next event, before the flow is
//             forgotten, or when somebody asks (take_repeats)
//   missed    counted, because the room for events was full; such a packet leaves no trace in the table, so
//             the next one of its flow is told if there is room again
// so that decided = told + repeated + missed once everything was fetched.
//
// Full means that the newest is not told, so that what is told has no holes but where `missed` stands. All
// memory comes from whoever opens it; note() allocates nothing. One owner at a time: see runtime/observers.h.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "observe/bound_filter.h"
#include "observe/event.h"
#include "observe/flow_lines.h"

namespace vpcwall {

// So often has a flow met the decision that was told last.
struct Repeats {
  FlowLine line;
  std::uint64_t count = 0;
};

struct ObservedChange {
  Event event;                      // its number is the observer's own
  std::optional<Said> before;       // what was said of the flow until now; nothing: the flow is new
  std::optional<Repeats> repeated;  // to be told first: of this flow, or of the one that made room for it
};

class ObservationCell {
 public:
  // `room` bounds the events by its capacity.
  void open(std::shared_ptr<const BoundFilter> filter, std::size_t flows, std::vector<ObservedChange> room);
  void close();
  [[nodiscard]] bool is_open() const noexcept { return !filters_.empty(); }
  // What judges under the policy that comes next; the one before it may still be in use.
  void announce(std::shared_ptr<const BoundFilter> filter);

  // Of a packet's decision; `numbers` is the observer's counter of events. Nothing once it is closed.
  void note(const Expected<Packet, ParseError>& packet, const Decision& decision,
            const std::shared_ptr<const CompiledPolicy>& policy, TimePoint at,
            std::atomic<std::uint64_t>& numbers);

  // Exchanges the events for an empty `room`; returns how many were missed since the last time.
  std::uint64_t take(std::vector<ObservedChange>& room);
  // Appends the repeats that are due in `count` places from `first` on. False behind the last place.
  bool take_repeats(std::size_t first, std::size_t count, std::vector<Repeats>& into);
  [[nodiscard]] std::uint64_t decided() const noexcept { return decided_; }

 private:
  [[nodiscard]] const BoundFilter* filter_for(std::uint64_t generation) const noexcept;

  std::vector<std::shared_ptr<const BoundFilter>> filters_;  // at most two: of the last two policies
  FlowLines lines_;
  std::vector<ObservedChange> events_;
  std::uint64_t decided_ = 0, missed_ = 0;
};

}  // namespace vpcwall
