#include "daemon/change/shadow_stream.h"

#include <iterator>
#include <utility>

#include "engine/decision_json.h"
#include "replay/packet_json.h"

namespace vpcwall {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t read_at_once = 64;

// No byte that a policy or a packet could hold breaks the line.
void put(const ordered_json& event, std::string& lines) {
  lines += event.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + '\n';
}

double wall_time(Duration ago) {
  const auto at = std::chrono::system_clock::now().time_since_epoch() - ago;
  return std::chrono::duration<double>(at).count();
}

}  // namespace

ShadowStream::ShadowStream(Firewall& firewall, std::shared_ptr<Shadow> shadow, Ended ended)
    : firewall_(firewall),
      shadow_(std::move(shadow)),
      ended_(std::move(ended)),
      generation_(firewall.policy()->generation) {}

ShadowStream::~ShadowStream() { end(); }

void ShadowStream::end() {
  if (!std::exchange(running_, false)) return;
  firewall_.end_shadow();
  ended_(shadow_->totals());
}

bool ShadowStream::more(std::string& lines, std::size_t room, bool ending) {
  if (ending) end();
  tell_policy(lines);
  if (!tell_differences(lines, lines.size() + room) || running_) return true;
  tell_end(lines);
  return false;
}

void ShadowStream::tell_policy(std::string& lines) {
  const std::uint64_t generation = firewall_.policy()->generation;
  if (!running_ || std::exchange(generation_, generation) == generation) return;
  put({{"event", "policy"}, {"generation", generation}}, lines);
}

bool ShadowStream::tell_differences(std::string& lines, std::size_t limit) {
  while (lines.size() < limit) {
    if (read_.empty()) {
      std::vector<Shadow::Numbered> fresh = shadow_->read(read_at_once);
      if (fresh.empty()) return true;
      read_.assign(std::make_move_iterator(fresh.begin()), std::make_move_iterator(fresh.end()));
    }
    tell(read_.front(), lines);
    read_.pop_front();
  }
  return false;
}

void ShadowStream::tell(const Shadow::Numbered& numbered, std::string& lines) const {
  const ShadowDifference& one = numbered.difference;
  put({{"event", "difference"},
       {"number", numbered.number},
       {"time", wall_time(firewall_.judging_time() - one.at)},
       {"generation", one.policy->generation},
       {"packet", to_json(one.packet)},
       {"live", to_json(one.live, *one.policy, firewall_.slots())},
       {"candidate", to_json(one.candidate, shadow_->candidate(), shadow_->slots())}},
      lines);
}

void ShadowStream::tell_end(std::string& lines) const {
  const Shadow::Totals totals = shadow_->totals();
  ordered_json event{{"event", "end"},
                     {"judged", totals.judged},
                     {"differing", totals.differing},
                     {"unlisted", totals.unlisted},
                     {"differences", ordered_json::array()}};
  const std::vector<std::uint64_t> counts = shadow_->counts();
  for (std::size_t number = 0; number < counts.size(); ++number)
    event["differences"].push_back({{"number", number}, {"count", counts[number]}});
  put(event, lines);
}

}  // namespace vpcwall
