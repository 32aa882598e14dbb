#include "daemon/control/observation_stream.h"

#include <ctime>
#include <iterator>
#include <utility>

#include "daemon/control/observation_report.h"

namespace vpcwall {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t most_events = 1024;      // per call: ten thousand a second
constexpr std::size_t most_explanations = 32;  // per call: each plays a story, on another thread

Duration wall_clock() {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

ObservationStream::ObservationStream(Firewall& firewall, Explanations& explanations, ObserveRequest request,
                                     std::size_t observer, StoryOf story_of)
    : firewall_(firewall),
      explanations_(explanations),
      request_(std::move(request)),
      observer_(observer),
      story_of_(std::move(story_of)),
      generation_(firewall.policy()->generation),
      next_sweep_(now() + std::chrono::seconds(request_.repeats_every)) {}

ObservationStream::~ObservationStream() { firewall_.stop_observing(observer_); }

bool ObservationStream::more(std::string& lines, std::size_t room, bool ending) {
  Budget budget{lines.size() + room, most_events};
  if (ending) stop();
  tell_policy(lines);
  tell_changes(lines, budget);
  tell_repeats(lines, budget);
  if (!swept_last_) return true;
  tell_end(lines);
  return false;
}

void ObservationStream::tell_policy(std::string& lines) {
  const auto policy = firewall_.policy();
  if (stopped_ || policy->generation == generation_) return;
  generation_ = policy->generation;
  put({{"event", "policy"},
       {"generation", generation_},
       {"unknown", unknown_names(request_.filter, *policy, firewall_.slots())}},
      lines);
}

void ObservationStream::tell_changes(std::string& lines, Budget& budget) {
  if (changes_.empty() && !read_last_) {
    Observers::Reading reading = firewall_.observers().read(observer_);
    changes_.assign(std::make_move_iterator(reading.changes.begin()),
                    std::make_move_iterator(reading.changes.end()));
    missed_ = reading.missed;
    read_last_ = stopped_;
  }
  while (!changes_.empty() && !budget.is_spent(lines)) {
    if (is_explained(changes_.front()) && !has_stories()) return;  // the next call has them
    const ObservedChange change = std::move(changes_.front());
    changes_.pop_front();
    tell_change(change, lines, budget);
    if (request_.count > 0 && told_ == request_.count) leave_out_rest(lines);
  }
  if (!changes_.empty() || missed_ == 0) return;
  put({{"event", "missed"}, {"count", missed_}}, lines);
  missed_in_all_ += std::exchange(missed_, 0);
}

bool ObservationStream::is_explained(const ObservedChange& change) const {
  return request_.explain && change.event.packet && change.event.decision.verdict == Verdict::drop;
}

// Otherwise they are asked for.
bool ObservationStream::has_stories() {
  if (stories_ && !stories_->left.empty()) return true;
  if (stories_ && !stories_->are_there) return false;
  std::vector<Explanations::Story> next;
  for (const ObservedChange& change : changes_) {
    if (next.size() == most_explanations) break;
    if (is_explained(change)) next.push_back(story_of_(change.event));
  }
  stories_ = std::make_shared<Stories>();
  const std::size_t wanted = next.size();
  explanations_.begin(
      [next = std::move(next)] {
        ordered_json told = ordered_json::array();
        for (const Explanations::Story& story : next) told.push_back(story ? story() : ordered_json());
        return told;
      },
      stories_,
      [stories = stories_.get(), wanted](ordered_json told) {
        stories->are_there = true;
        if (!told.is_array()) told = ordered_json::array();  // it could not be worked out
        stories->left.assign(std::make_move_iterator(told.begin()), std::make_move_iterator(told.end()));
        stories->left.resize(wanted);
      });
  return !stories_->left.empty();
}

void ObservationStream::tell_change(const ObservedChange& change, std::string& lines, Budget& budget) {
  if (change.repeated) tell_repeat(*change.repeated, lines);
  ordered_json event = decision_event(change, firewall_.slots(), wall_time(change.event.at));
  if (is_explained(change)) {
    if (!stories_->left.front().is_null()) event["explanation"] = std::move(stories_->left.front());
    stories_->left.pop_front();
  }
  put(event, lines);
  ++told_;
  --budget.events;
}

// Told numbers are 0, 1, 2, …: what repeats an event that was left out is left out with it.
void ObservationStream::tell_repeat(const Repeats& repeats, std::string& lines) {
  if (request_.count > 0 && repeats.line.sequence >= request_.count) {
    left_out_ += repeats.count;
    return;
  }
  put(repeat_event(repeats, *firewall_.policy(), firewall_.slots()), lines);
  repeated_ += repeats.count;
}

void ObservationStream::tell_repeats(std::string& lines, Budget& budget) {
  if (stopped_ ? !read_last_ : !sweeping_ && now() < next_sweep_) return;
  if (!changes_.empty()) return;
  sweeping_ = true;
  bool more = true;
  while (more && !budget.is_spent(lines)) {
    std::vector<Repeats> found;
    more = firewall_.observers().read_repeats(observer_, cursor_, found);
    for (const Repeats& repeats : found) tell_repeat(repeats, lines);
  }
  if (more) return;
  sweeping_ = false;
  cursor_ = {};
  swept_last_ = stopped_;
  next_sweep_ = now() + std::chrono::seconds(request_.repeats_every);
}

void ObservationStream::tell_end(std::string& lines) const {
  const std::uint64_t decisions = firewall_.observers().decided(observer_) - left_out_;
  put({{"event", "end"},
       {"decisions", decisions},
       {"told", told_},
       {"repeated", repeated_},
       {"missed", missed_in_all_}},
      lines);
}

// From now on only what is there is told.
void ObservationStream::stop() {
  if (stopped_) return;
  stopped_ = true;
  firewall_.observers().stop(observer_);
  cursor_ = {};
}

// The event that was to be the last has been told. What was decided behind it is no part of the observation;
// what it repeated is.
void ObservationStream::leave_out_rest(std::string& lines) {
  stop();
  const auto leave_out = [&](const ObservedChange& change) {
    if (change.repeated) tell_repeat(*change.repeated, lines);
    ++left_out_;
  };
  for (const ObservedChange& change : changes_) leave_out(change);
  const Observers::Reading rest = firewall_.observers().read(observer_);
  for (const ObservedChange& change : rest.changes) leave_out(change);
  left_out_ += std::exchange(missed_, 0) + rest.missed;
  changes_.clear();
  read_last_ = true;
}

// No byte that a policy or a packet could hold breaks the line.
void ObservationStream::put(const ordered_json& event, std::string& lines) {
  lines += event.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + '\n';
}

double ObservationStream::wall_time(TimePoint at) const {
  return std::chrono::duration<double>(wall_clock() - (firewall_.judging_time() - at)).count();
}

}  // namespace vpcwall
