#include "daemon/change/shadow_verb.h"

#include <memory>
#include <utility>

#include "daemon/change/change_verbs.h"
#include "daemon/change/shadow_stream.h"
#include "daemon/log/log.h"

namespace vpcwall {
namespace {

using nlohmann::ordered_json;

ordered_json refusal(const std::vector<std::string>& diagnostics) {
  return {{"schema", "vpcwall/shadow/1"}, {"event", "refused"}, {"diagnostics", diagnostics}};
}

void note_begin(PolicyChanges& changes, const Asker& asker, const Preparation& made,
                std::uint64_t generation) {
  changes.note(asker, {{"event", "shadow begin"},
                       {"name", made.text.name},
                       {"digest", made.digest},
                       {"generation", generation}});
  log_event(spdlog::level::info, {{"EVENT", "shadow"}, {"ASKED_BY", to_string(asker)}},
            fmt::format("{} is tried beside generation {}, asked by {}", made.text.name, generation,
                        to_string(asker)));
}

void note_end(PolicyChanges& changes, const Asker& asker, const std::string& digest,
              const Shadow::Totals& totals) {
  changes.note(asker, {{"event", "shadow end"},
                       {"digest", digest},
                       {"judged", totals.judged},
                       {"differing", totals.differing},
                       {"unlisted", totals.unlisted}});
  log_event(spdlog::level::info, {{"EVENT", "shadow"}, {"ASKED_BY", to_string(asker)}},
            fmt::format("no policy is tried any more: {} of {} packets would have had another verdict",
                        totals.differing, totals.judged));
}

ControlAnswer begin(Firewall& firewall, PolicyChanges& changes, const Asker& asker, Preparation made) {
  if (!made.policy) return {refusal(made.diagnostics)};
  std::shared_ptr<Shadow> shadow;
  std::vector<std::string> unseen;
  try {
    unseen = firewall.unseen_by_shadow(*made.policy->written);
    shadow = firewall.begin_shadow(*made.policy);
  } catch (const std::exception& problem) {
    made.diagnostics.emplace_back(problem.what());
    return {refusal(made.diagnostics)};
  }
  if (!shadow)
    return {{{"error", "a policy is tried already, and only one can be at a time; end that one first"}}};

  const std::uint64_t generation = firewall.policy()->generation;
  const auto stream = std::make_shared<ShadowStream>(
      firewall, shadow, [&changes, asker, digest = made.digest](const Shadow::Totals& totals) {
        note_end(changes, asker, digest, totals);
      });
  note_begin(changes, asker, made, generation);
  return {{{"schema", "vpcwall/shadow/1"},
           {"event", "begin"},
           {"generation", generation},
           {"diagnostics", made.diagnostics},
           {"flows", shadow->waiting()},
           {"unseen", unseen}},
          [stream](std::string& lines, std::size_t room, bool ending) {
            return stream->more(lines, room, ending);
          }};
}

}  // namespace

// Nothing is tried for a peer that has gone meanwhile.
ControlAnswer answer_shadow(Firewall& firewall, PolicyChanges& changes, const Request& request,
                            const ControlPeer& peer) {
  const Asker asker{"control socket", peer.process, peer.user};
  auto text = attached_policy(request, peer);
  if (!text) return {{{"error", text.error()}}};
  const auto late = std::make_shared<LateAnswer>();
  const std::weak_ptr<LateAnswer> awaited = late;
  changes.prepare_trial(asker, std::move(*text), [&firewall, &changes, asker, awaited](Preparation made) {
    if (const auto still = awaited.lock()) still->answer = begin(firewall, changes, asker, std::move(made));
  });
  if (late->answer) return std::move(*late->answer);
  return {.first = {}, .late = late};
}

}  // namespace vpcwall
