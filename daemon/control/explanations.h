// Explanations: each tries many a change of the policy, which takes long where the policy is large. One is
// worked out at a time, on a thread of its own; others wait in order.
//
//   return explanations.answer(story);            // to `explain`: the answer to come
//   explanations.begin(story, asker, told);       // `told` hears it, unless `asker` has gone by then
//   explanations.advance();                       // when event_fd() is readable
//
// Whoever asks waits for one answer before it asks again, so that no more wait than there are connections.
// Control thread only; a story runs elsewhere, and owns whatever it looks at.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>

#include "daemon/background_job.h"
#include "daemon/control/control_server.h"

namespace vpcwall {

class Explanations {
 public:
  // What it throws is the answer, as an "error".
  using Story = std::function<nlohmann::ordered_json()>;
  using Told = std::function<void(nlohmann::ordered_json)>;

  [[nodiscard]] ControlAnswer answer(Story story);
  void begin(Story story, std::weak_ptr<void> asker, Told told);
  void advance();
  [[nodiscard]] int event_fd() const noexcept { return work_.event_fd(); }

 private:
  struct Wanted {
    Story story;
    std::weak_ptr<void> asker;
    Told told;
  };

  std::deque<Wanted> waiting_;
  Wanted current_;  // without its story
  BackgroundJob<nlohmann::ordered_json> work_;
};

}  // namespace vpcwall
