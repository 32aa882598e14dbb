#include "daemon/control/flows_stream.h"

#include <algorithm>

#include "daemon/random_seed.h"

namespace vpcwall {
namespace {

using nlohmann::ordered_json;

std::string line_of(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + '\n';
}

}  // namespace

FlowsStream::FlowsStream(const Firewall& firewall, std::uint64_t most)
    : firewall_(firewall), left_(most), cursor_(random_seed()) {}

// A few steps at most: where flows are few and far between, others have their turn all the same.
void FlowsStream::fetch() {
  constexpr int most_steps = 8;
  flows_.clear();
  begin_ = 0;
  const TimePoint at = firewall_.judging_time();
  for (int step = 0; step < most_steps && flows_.size() < rows_of_a_line && !all_seen_; ++step)
    all_seen_ = !firewall_.next_flows(cursor_, at, flows_);
}

bool FlowsStream::more(std::string& lines, std::size_t /*room*/, bool /*ending*/) {
  if (begin_ == flows_.size() && left_ > 0) fetch();
  const auto policy = firewall_.policy();
  if (!rows_ || policy->generation != generation_) {
    rows_ = std::make_unique<FlowRows>(*policy, firewall_.slots());
    generation_ = policy->generation;
  }
  const TimePoint at = firewall_.judging_time();
  const auto count = static_cast<std::size_t>(
      std::min<std::uint64_t>(std::min(rows_of_a_line, flows_.size() - begin_), left_));
  if (count > 0) {
    ordered_json part{{"event", "flows"}, {"flows", ordered_json::array()}};
    for (std::size_t i = begin_; i < begin_ + count; ++i) part["flows"].push_back(rows_->row(flows_[i], at));
    begin_ += count;
    left_ -= count;
    listed_ += count;
    lines += line_of(part);
  }
  if (left_ > 0 && (begin_ < flows_.size() || !all_seen_)) return true;
  lines += line_of({{"event", "end"}, {"listed", listed_}});
  return false;
}

}  // namespace vpcwall
