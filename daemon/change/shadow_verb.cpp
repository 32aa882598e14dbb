#include "daemon/change/shadow_verb.h"

#include "daemon/change/change_verbs.h"
#include "daemon/change/digest.h"
#include "daemon/change/shadow_stream.h"
#include "daemon/log/log.h"
#include "policy/policy_yaml.h"

namespace vpcwall {
namespace {

using nlohmann::ordered_json;

ordered_json refusal(const std::vector<std::string>& diagnostics) {
  return {{"schema", "vpcwall/shadow/1"}, {"event", "refused"}, {"diagnostics", diagnostics}};
}

void note_begin(PolicyChanges& changes, const Asker& asker, const PolicyText& text,
                std::uint64_t generation) {
  changes.note(asker, {{"event", "shadow begin"},
                       {"name", text.name},
                       {"digest", digest_of(text.text)},
                       {"generation", generation}});
  log_event(
      spdlog::level::info, {{"EVENT", "shadow"}, {"ASKED_BY", to_string(asker)}},
      fmt::format("{} is tried beside generation {}, asked by {}", text.name, generation, to_string(asker)));
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

}  // namespace

ControlAnswer answer_shadow(Firewall& firewall, PolicyChanges& changes, const Request& request,
                            const ControlPeer& peer) {
  const Asker asker{"control socket", peer.process, peer.user};
  const auto text = attached_policy(request, peer);
  if (!text) return {{{"error", text.error()}}, {}};
  const LoadedPolicy loaded = load_policy(text->text, text->name);
  std::vector<std::string> diagnostics;
  for (const Diagnostic& diagnostic : loaded.diagnostics) diagnostics.push_back(to_string(diagnostic));
  if (!loaded.policy) return {refusal(diagnostics), {}};

  std::shared_ptr<Shadow> shadow;
  std::vector<std::string> unseen;
  try {
    unseen = firewall.unseen_by_shadow(*loaded.policy);
    shadow = firewall.begin_shadow(*loaded.policy);
  } catch (const std::exception& problem) {
    diagnostics.emplace_back(problem.what());
    return {refusal(diagnostics), {}};
  }
  if (!shadow)
    return {{{"error", "a policy is tried already, and only one can be at a time; end that one first"}}, {}};

  const std::uint64_t generation = firewall.policy()->generation;
  const auto stream = std::make_shared<ShadowStream>(
      firewall, shadow, [&changes, asker, digest = digest_of(text->text)](const Shadow::Totals& totals) {
        note_end(changes, asker, digest, totals);
      });
  note_begin(changes, asker, *text, generation);
  return {{{"schema", "vpcwall/shadow/1"},
           {"event", "begin"},
           {"generation", generation},
           {"diagnostics", diagnostics},
           {"flows", shadow->waiting()},
           {"unseen", unseen}},
          [stream](std::string& lines, std::size_t room, bool ending) {
            return stream->more(lines, room, ending);
          }};
}

}  // namespace vpcwall
