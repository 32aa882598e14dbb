#include "daemon/control/commands.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cmath>
#include <limits>
#include <memory>

#include "control/observe_request.h"
#include "control/reports.h"
#include "daemon/change/change_verbs.h"
#include "daemon/change/shadow_verb.h"
#include "daemon/control/conservation.h"
#include "daemon/control/decisions_report.h"
#include "daemon/control/flows_stream.h"
#include "daemon/control/observation_stream.h"
#include "daemon/log/log.h"
#include "engine/flow_identity.h"
#include "explain/explanation.h"
#include "replay/packet_json.h"

namespace vpcwall {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t default_flow_rows = 1000;
constexpr std::size_t most_flow_rows = 100'000;
constexpr std::size_t default_decision_rows = 256;
constexpr std::size_t most_decision_rows = EventTap::default_capacity;

constexpr double most_test_seconds = 1e9;  // in all: thirty years, far inside what nanoseconds can count

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

ordered_json error(std::string message) { return {{"error", std::move(message)}}; }

// A whole number among the arguments of a request; the error is a sentence for the sender.
Expected<std::uint64_t, std::string> number(const Request& request, const char* key, std::uint64_t fallback,
                                            std::uint64_t least, std::uint64_t most) {
  const auto found = request.arguments.find(key);
  if (found == request.arguments.end()) return fallback;
  if (found->is_number_unsigned() && *found >= least && *found <= most) return found->get<std::uint64_t>();
  return Unexpected{"found " + found->dump().substr(0, 60) + " for \"" + key + "\", expected a number from " +
                    std::to_string(least) + " to " + std::to_string(most)};
}

// A truth value among them; false when it is not said.
Expected<bool, std::string> flag(const Request& request, const char* key) {
  const auto found = request.arguments.find(key);
  if (found == request.arguments.end()) return false;
  if (found->is_boolean()) return found->get<bool>();
  return Unexpected{"found " + found->dump().substr(0, 60) + " for \"" + key + "\", expected true or false"};
}

// What `explain` is to speak about: an "ask", or a "packet" with all that it carries.
Expected<Inquiry, std::string> read_inquiry(const nlohmann::json& arguments, const Policy& policy) {
  if (const auto asked = arguments.find("ask"); asked != arguments.end()) {
    const auto ask = read_ask(*asked);
    if (!ask) return Unexpected{ask.error()};
    return resolve(*ask, policy);
  }
  if (!arguments.contains("packet"))
    return Unexpected{std::string(R"(explain needs an "ask" or a "packet")")};
  const auto packet = read_packet(arguments.at("packet"));
  if (!packet) return Unexpected{packet.error().message};
  return inquiry_about(*packet);
}

}  // namespace

Commands::Commands(const Settings& settings, Firewall& firewall, PolicyChanges& changes, TimePoint started)
    : settings_(settings), firewall_(firewall), changes_(changes), started_(started) {}

std::optional<std::string> Commands::refuse(const Request& request, const ControlPeer& peer) {
  const auto why = denial(request.verb, peer.user, peer.roles);
  if (!why) return std::nullopt;
  const Asker asker{"control socket", peer.process, peer.user};
  changes_.note_refused(asker, {{"event", "denied"}, {"verb", request.verb}, {"why", *why}});
  log_event(spdlog::level::warn, {{"EVENT", "denied"}, {"ASKED_BY", to_string(asker)}},
            fmt::format("{} asked by {}: {}", request.verb, to_string(asker), *why));
  return why;
}

ControlAnswer Commands::answer(const Request& request, const ControlPeer& peer) {
  if (const auto why = refuse(request, peer)) return {error(*why), {}};
  const bool counts = request.verb == "status" || request.verb == "rules" || request.verb == "flows" ||
                      request.verb == "explain";
  if (counts && !firewall_.catch_up())
    spdlog::error("a worker has not looked at what the fast path counted in time");
  if (request.verb == "status") return {status(), {}};
  if (request.verb == "rules") {
    const std::vector<const Counters*> counters = firewall_.counters();
    return {rules_report(*firewall_.policy(), firewall_.slots(), counters, firewall_.judging_time()), {}};
  }
  if (request.verb == "flows") return flows(request);
  if (request.verb == "explain") return {explain(request), {}};
  if (request.verb == "observe") return observe(request);
  if (request.verb == "shadow") return answer_shadow(firewall_, changes_, request, peer);
  if (request.verb == "tap") return {tap(request), {}};
  if (request.verb == "decisions") return {decisions(request), {}};
  if (request.verb == "advance")
    return {advance(request, to_string(Asker{"control socket", peer.process, peer.user})), {}};
  return {answer_change(changes_, request, peer), {}};
}

ordered_json Commands::inherited_rules() const {
  const Counters* const inherited = &firewall_.inherited_counters();
  return rules_report(*firewall_.policy(), firewall_.slots(), {&inherited, 1}, firewall_.judging_time());
}

ordered_json Commands::status() const {
  ordered_json json;
  json["schema"] = "vpcwall/status/1";
  json["version"] = VPCWALL_VERSION;
  json["pid"] = ::getpid();
  json["uptime_seconds"] = seconds(now() - started_);
  json["policy"] = settings_.policy;
  json["policy_in_force"] = policy_status(changes_);
  json["generation"] = firewall_.policy()->generation;
  json["interfaces"] = firewall_.policy()->interfaces.size();
  json["mode"] = to_string(settings_.mode);
  json["backend"] = firewall_.backend();
  json["hooks"] = {{"reinstalled", firewall_.hooks_mended()}};
  json["awaited_devices"] = firewall_.awaited_devices();
  json["fail_mode"] = settings_.fail_mode == FailMode::open ? "open" : "closed";
  json["management_bypass"] = ordered_json::array();
  for (const LocalPort& port : settings_.management_bypass)
    json["management_bypass"].push_back({{"protocol", to_string(port.protocol)}, {"port", port.port}});
  const FastPathStatus fast_path = firewall_.fast_path();
  json["fast_path"] = {{"mode", to_string(settings_.fast_path)}, {"active", fast_path.active}};
  if (!fast_path.reason.empty()) json["fast_path"]["reason"] = fast_path.reason;
  if (fast_path.flow_places > 0) {
    json["fast_path"]["flows"] = {{"cached", fast_path.flows}, {"places", fast_path.flow_places}};
    json["fast_path"]["refusals"] = {{"cached", fast_path.refusals}, {"places", fast_path.refusal_places}};
  }
  std::uint64_t refused = 0;
  for (const Counters* counters : firewall_.counters())
    for (const Gate gate : {Gate::sg_ingress, Gate::sg_egress})
      refused += counters->gate(gate, Outcome::table_full).packets;
  if (settings_.test_clock) json["test_clock"] = {{"offset_seconds", seconds(firewall_.advanced())}};
  json["flows"] = {
      {"active", firewall_.flow_count()}, {"capacity", firewall_.flow_capacity()}, {"refused", refused}};
  json["flows"]["workers"] = ordered_json::array();
  for (const FlowTableUse& use : firewall_.flow_table_use())
    json["flows"]["workers"].push_back({{"flows", use.flows},
                                        {"capacity", use.capacity},
                                        {"guaranteed_per_interface", use.guaranteed},
                                        {"shared_used", use.shared_used},
                                        {"shared_size", use.shared_size}});
  json["observers"] = firewall_.observers().count();
  const std::vector<QueueStatistics> queues = firewall_.queue_statistics();
  json["conservation"] = to_json(conservation_of(queues, firewall_.counters()));
  json["queues"] = ordered_json::array();
  for (const QueueStatistics& queue : queues)
    json["queues"].push_back({{"number", queue.number},
                              {"handed", queue.handed},
                              {"received", queue.received},
                              {"answered", queue.answered},
                              {"abandoned", queue.abandoned},
                              {"bursts", queue.bursts},
                              {"waiting", queue.waiting},
                              {"kernel_dropped", queue.kernel_dropped},
                              {"user_dropped", queue.user_dropped},
                              {"undecodable", queue.undecodable},
                              {"overruns", queue.overruns},
                              {"refused_verdicts", queue.refused_verdicts}});
  return json;
}

ControlAnswer Commands::flows(const Request& request) const {
  const auto parts = flag(request, "parts");
  if (!parts) return {error(parts.error()), {}};
  const auto most = number(request, "limit", default_flow_rows, 0,
                           *parts ? std::numeric_limits<std::uint64_t>::max() : most_flow_rows);
  if (!most) return {error(most.error()), {}};
  if (*parts) {
    const auto stream = std::make_shared<FlowsStream>(firewall_, *most);
    return {{{"schema", "vpcwall/flows/1"}, {"event", "begin"}, {"total", firewall_.flow_count()}},
            [stream](std::string& lines, std::size_t room, bool ending) {
              return stream->more(lines, room, ending);
            },
            true};
  }
  const TimePoint at = firewall_.judging_time();
  const std::vector<Flow> copies = firewall_.flows(*most, at);
  return {flows_report(*firewall_.policy(), firewall_.slots(), copies, firewall_.flow_count(), at), {}};
}

ordered_json Commands::explain(const Request& request) const {
  const auto inquiry = read_inquiry(request.arguments, firewall_.written_policy());
  if (!inquiry) return error(inquiry.error());
  return explain(*inquiry);
}

ordered_json Commands::explain(const Inquiry& inquiry) const {
  const std::shared_ptr<const CompiledPolicy> policy = firewall_.policy();
  const Journey journey = inquiry.journey(*policy);
  Circumstances circumstances;
  circumstances.now = firewall_.judging_time();
  std::vector<FlowKey> keys;
  for (const auto& [side, direction] :
       {std::pair(journey.leaves, Direction::egress), std::pair(journey.enters, Direction::ingress)}) {
    if (side == no_interface) continue;
    const InterfaceNumber number = policy->interfaces.at(side).number;
    circumstances.held.push_back({number, firewall_.flows_held(number)});
    // A client that draws its port anew draws a free one: no flow is there yet.
    const auto key = inquiry.exact_port ? flow_key(inquiry.request, direction, number) : std::nullopt;
    if (key) keys.push_back(*key);
  }
  circumstances.live = firewall_.flows_of(keys, circumstances.now);
  const JudgedPolicy judged{firewall_.written_policy(), *policy, firewall_.slots(), settings_.policy};
  return vpcwall::to_json(vpcwall::explain(judged, inquiry, circumstances), judged);
}

// Only the policy in force is there as it was written: what an earlier one dropped is told without its story.
ordered_json Commands::explain(const Event& event) const {
  if (event.policy->generation != firewall_.policy()->generation) return nullptr;
  return explain(inquiry_about(*event.packet));
}

ControlAnswer Commands::observe(const Request& request) {
  auto wanted = read_observe_request(request.arguments);
  if (!wanted) return {error(wanted.error()), {}};
  const std::vector<std::string> unknown =
      unknown_names(wanted->filter, *firewall_.policy(), firewall_.slots());
  if (!unknown.empty()) {
    std::string all;
    for (const std::string& sentence : unknown) all += (all.empty() ? "" : "; ") + sentence;
    return {{{"error", all}, {"unknown", unknown}}, {}};
  }
  const auto observation = firewall_.observe(wanted->filter, wanted->fast_path);
  if (!observation)
    return {error("too many observers, at most " + std::to_string(Observers::most) + "; end one of them"),
            {}};
  ordered_json first{{"schema", "vpcwall/observe/1"},
                     {"event", "begin"},
                     {"generation", firewall_.policy()->generation},
                     {"fast_path", to_string(wanted->fast_path)},
                     {"everywhere", observation->everywhere}};
  const auto stream =
      std::make_shared<ObservationStream>(firewall_, std::move(*wanted), observation->observer,
                                          [this](const Event& event) { return explain(event); });
  return {std::move(first), [stream](std::string& lines, std::size_t room, bool ending) {
            return stream->more(lines, room, ending);
          }};
}

ordered_json Commands::tap(const Request& request) {
  ordered_json json;
  json["schema"] = "vpcwall/tap/1";
  json["everywhere"] = true;
  if (const auto enable = request.arguments.find("enable"); enable != request.arguments.end()) {
    if (!enable->is_boolean())
      return error("found " + enable->dump().substr(0, 60) + " for \"enable\", expected true or false");
    const auto beside = request.arguments.find("fast_path");
    if (beside != request.arguments.end() && !beside->is_boolean())
      return error("found " + beside->dump().substr(0, 60) + " for \"fast_path\", expected true or false");
    const bool beside_fast_path = beside != request.arguments.end() && beside->get<bool>();
    json["everywhere"] = firewall_.watch_decisions(enable->get<bool>(), beside_fast_path);
  }
  json["enabled"] = firewall_.tap().enabled();
  json["next"] = firewall_.tap().next();
  return json;
}

ordered_json Commands::decisions(const Request& request) const {
  const auto since = number(request, "since", 0, 0, std::numeric_limits<std::uint64_t>::max());
  if (!since) return error(since.error());
  const auto limit = number(request, "limit", default_decision_rows, 1, most_decision_rows);
  if (!limit) return error(limit.error());
  return decisions_report(firewall_.tap().read(*since, *limit), firewall_.slots(), firewall_.judging_time());
}

ordered_json Commands::advance(const Request& request, const std::string& asked_by) {
  if (!settings_.test_clock)
    return error("the clock of this daemon cannot be moved: it was started without --test-clock");
  const auto found = request.arguments.find("seconds");
  if (found == request.arguments.end()) return error("advance needs \"seconds\"");
  const double wanted = found->is_number() ? found->get<double>() : -1;
  if (!(wanted >= 0 && wanted <= most_test_seconds - seconds(firewall_.advanced())))
    return error("found " + found->dump().substr(0, 60) +
                 " for \"seconds\", expected a number from 0 on, and not above 1e9 in all");
  const bool everywhere = firewall_.advance_clock(Duration(std::llround(wanted * 1e9)));
  spdlog::info("test clock: {} seconds forward, asked by {}", wanted, asked_by);
  return {{"schema", "vpcwall/advance/1"},
          {"everywhere", everywhere},
          {"offset_seconds", seconds(firewall_.advanced())}};
}

}  // namespace vpcwall
