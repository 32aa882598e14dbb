#include "daemon/control/explanations.h"

#include <exception>
#include <stop_token>
#include <string>
#include <utility>

namespace vpcwall {
namespace {

using nlohmann::ordered_json;

ordered_json error(const std::exception& problem) { return {{"error", problem.what()}}; }

}  // namespace

ControlAnswer Explanations::answer(Story story) {
  const auto late = std::make_shared<LateAnswer>();
  begin(std::move(story), late,
        [awaited = late.get()](ordered_json told) { awaited->answer = ControlAnswer{std::move(told)}; });
  if (late->answer) return std::move(*late->answer);
  return {.first = {}, .late = late};
}

void Explanations::begin(Story story, std::weak_ptr<void> asker, Told told) {
  waiting_.push_back({std::move(story), std::move(asker), std::move(told)});
  advance();
}

void Explanations::advance() {
  if (auto found = work_.take())
    if (const auto still = current_.asker.lock()) current_.told(std::move(*found));
  while (!work_.is_busy() && !waiting_.empty()) {
    current_ = std::move(waiting_.front());
    waiting_.pop_front();
    const auto still = current_.asker.lock();
    if (!still) continue;
    try {
      work_.begin([story = std::move(current_.story)](const std::stop_token&) -> ordered_json {
        try {
          return story();
        } catch (const std::exception& problem) {
          return error(problem);
        }
      });
    } catch (const std::exception& problem) {
      current_.told(error(problem));
    }
  }
}

}  // namespace vpcwall
