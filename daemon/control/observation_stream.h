// One observation: from the decisions that the workers keep for an observer to the lines that it is sent, a
// piece at a time, as much as it has room for.
//
//   ObservationStream stream(firewall, explanations, request, number, story_of);
//   while (stream.more(lines, room, ending)) …       // now and then; `lines` grows by about `room` bytes
//
// Nothing here waits. What an observer does not fetch stays with the workers, within their bounds, and is
// then counted as missed. The observation ends with the object. Control thread only.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "control/observe_request.h"
#include "daemon/control/explanations.h"
#include "daemon/firewall.h"

namespace vpcwall {

class ObservationStream {
 public:
  // The explanation of a dropped packet; null when the policy that dropped it is no longer in force.
  using StoryOf = std::function<Explanations::Story(const Event&)>;

  // `observer` is what firewall.observe() gave for this request; it is given back at the end.
  ObservationStream(Firewall& firewall, Explanations& explanations, ObserveRequest request,
                    std::size_t observer, StoryOf story_of);
  ~ObservationStream();
  ObservationStream(const ObservationStream&) = delete;
  ObservationStream& operator=(const ObservationStream&) = delete;

  // Appends lines; `ending`: the peer has heard enough, so only what is left follows. False after the last.
  [[nodiscard]] bool more(std::string& lines, std::size_t room, bool ending);

 private:
  // What one call may spend, so that a flood of decisions leaves the daemon time for others.
  struct Budget {
    std::size_t bytes, events;
    [[nodiscard]] bool is_spent(const std::string& lines) const noexcept {
      return lines.size() >= bytes || events == 0;
    }
  };

  void tell_policy(std::string& lines);
  void tell_changes(std::string& lines, Budget& budget);
  [[nodiscard]] bool is_explained(const ObservedChange& change) const;
  [[nodiscard]] bool has_stories();
  void tell_change(const ObservedChange& change, std::string& lines, Budget& budget);
  void tell_repeats(std::string& lines, Budget& budget);
  void tell_repeat(const Repeats& repeats, std::string& lines);
  void tell_end(std::string& lines) const;
  void stop();
  void leave_out_rest(std::string& lines);
  static void put(const nlohmann::ordered_json& event, std::string& lines);
  [[nodiscard]] double wall_time(TimePoint at) const;

  // Of the changes that come next, a few at a time.
  struct Stories {
    bool are_there = false;
    std::deque<nlohmann::ordered_json> left;
  };

  Firewall& firewall_;
  Explanations& explanations_;
  ObserveRequest request_;
  std::size_t observer_;
  StoryOf story_of_;
  std::shared_ptr<Stories> stories_;  // null: none were asked for
  std::uint64_t generation_;
  std::deque<ObservedChange> changes_;  // read, not yet told
  std::uint64_t missed_ = 0;            // to be told behind them
  TimePoint next_sweep_;                // when repeats are looked for again
  bool sweeping_ = false;               // a look is under way, and has come to `cursor_`
  Observers::RepeatCursor cursor_;
  bool stopped_ = false;     // nothing more is noted,
  bool read_last_ = false;   // all that was noted has been read,
  bool swept_last_ = false;  // and all repeats told
  std::uint64_t told_ = 0, repeated_ = 0, missed_in_all_ = 0;
  std::uint64_t left_out_ = 0;  // decided behind the last event that was asked for
};

}  // namespace vpcwall
