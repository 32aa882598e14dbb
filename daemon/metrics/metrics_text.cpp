#include "daemon/metrics/metrics_text.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <deque>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "text/escape.h"

namespace vpcwall {
namespace {

using nlohmann::ordered_json;
using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

// Outcomes that a gate can come to: their counters are there from the start, since Prometheus cannot tell how
// much a series grew before it saw it first. Others would be added as they occur.
constexpr std::array<std::pair<const char*, const char*>, 20> expected_outcomes{
    {{"exempt", "exempt"},        {"source-dest-check", "deny"}, {"acl-ingress", "allow"},
     {"acl-ingress", "deny"},     {"acl-egress", "allow"},       {"acl-egress", "deny"},
     {"sg-ingress", "deny"},      {"sg-ingress", "new"},         {"sg-ingress", "tracked"},
     {"sg-ingress", "pmtud"},     {"sg-ingress", "untracked"},   {"sg-ingress", "no-state"},
     {"sg-egress", "deny"},       {"sg-egress", "new"},          {"sg-egress", "tracked"},
     {"sg-egress", "pmtud"},      {"sg-egress", "untracked"},    {"sg-egress", "no-state"},
     {"sg-egress", "table-full"}, {"sg-ingress", "table-full"}}};

double number(const ordered_json& value) {
  return value.is_boolean() ? static_cast<double>(value.get<bool>()) : value.get<double>();
}

std::string text(const ordered_json& object, const char* key) { return object.at(key).get<std::string>(); }

class Family {
 public:
  Family(MetricType type, std::string name, std::string help) {
    family_.type = type;
    family_.name = std::move(name);
    family_.help = std::move(help);
  }

  Family& add(double value, Labels labels = {}) {
    ClientMetric metric;
    metric.label = std::move(labels);
    for (ClientMetric::Label& label : metric.label) label.value = escaped(label.value);
    (family_.type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
    family_.metric.push_back(std::move(metric));
    return *this;
  }
  [[nodiscard]] MetricFamily take() { return std::move(family_); }

 private:
  MetricFamily family_;
};

class Collection {
 public:
  Family& counter(std::string name, std::string help) {
    return families_.emplace_back(MetricType::Counter, std::move(name), std::move(help));
  }
  Family& gauge(std::string name, std::string help) {
    return families_.emplace_back(MetricType::Gauge, std::move(name), std::move(help));
  }
  [[nodiscard]] std::string text() {
    std::vector<MetricFamily> all;
    for (Family& family : families_) all.push_back(family.take());
    return prometheus::TextSerializer().Serialize(all);
  }

 private:
  std::deque<Family> families_;
};

struct Traffic {
  double packets = 0;
  double bytes = 0;
  Traffic& operator+=(const ordered_json& row) {
    packets += number(row.at("packets"));
    bytes += number(row.at("bytes"));
    return *this;
  }
  Traffic& operator-=(const ordered_json& row) {
    packets -= number(row.at("packets"));
    bytes -= number(row.at("bytes"));
    return *this;
  }
};
using TrafficRows = std::vector<std::pair<Labels, Traffic>>;

// NAME_packets_total and NAME_bytes_total.
void add_traffic(Collection& all, const std::string& name, const std::string& what, const TrafficRows& rows) {
  Family& packets = all.counter(name + "_packets_total", "Packets " + what + '.');
  for (const auto& [labels, traffic] : rows) packets.add(traffic.packets, labels);
  Family& bytes = all.counter(name + "_bytes_total", "Bytes of packets " + what + ", from the IP header on.");
  for (const auto& [labels, traffic] : rows) bytes.add(traffic.bytes, labels);
}

// Those in force, in the order of the policy. What once had the same number counts for the one that has it.
TrafficRows rule_rows(const ordered_json& rules, const ordered_json& inherited) {
  using Key = std::tuple<std::string, std::string, std::string, std::string, std::string>;
  const auto key_of = [](const ordered_json& rule) {
    return Key{text(rule, "kind"), text(rule, "owner"), text(rule, "direction"), text(rule, "rule"),
               rule.contains("family") ? text(rule, "family") : ""};
  };
  TrafficRows rows;
  std::map<Key, std::size_t> places;
  for (const ordered_json& rule : rules) {
    if (!rule.at("active").get<bool>()) continue;
    if (!places.try_emplace(key_of(rule), rows.size()).second) continue;
    Labels labels{{"kind", text(rule, "kind")},
                  {"owner", text(rule, "owner")},
                  {"name", text(rule, "name")},
                  {"direction", text(rule, "direction")},
                  {"rule", text(rule, "rule")}};
    if (rule.contains("family")) labels.push_back({"family", text(rule, "family")});
    rows.emplace_back(std::move(labels), Traffic{});
  }
  for (const ordered_json& rule : rules)
    if (const auto place = places.find(key_of(rule)); place != places.end())
      rows[place->second].second += rule;
  for (const ordered_json& rule : inherited)
    if (const auto place = places.find(key_of(rule)); place != places.end())
      rows[place->second].second -= rule;
  return rows;
}

void add_rules(Collection& all, const ordered_json& report, const ordered_json& inherited, std::size_t most) {
  TrafficRows rows = rule_rows(report.at("rules"), inherited.at("rules"));
  const std::size_t in_force = rows.size();
  if (rows.size() > most) rows.resize(most);
  all.gauge("vpcwall_rules", "Rules in force, with every ACL's last entry and every implicit deny.")
      .add(static_cast<double>(in_force));
  all.gauge("vpcwall_rules_without_metrics", "Rules beyond metrics.most_rules, which have none of their own.")
      .add(static_cast<double>(in_force - rows.size()));
  add_traffic(all, "vpcwall_rule", "that a rule decided", rows);
}

using GateCounts = std::map<std::pair<std::string, std::string>, Traffic>;

GateCounts gate_counts(const ordered_json& report, const ordered_json& inherited) {
  GateCounts found;
  for (const auto& [gate, outcome] : expected_outcomes) found[{gate, outcome}];
  for (const ordered_json& row : report.at("gates")) found[{text(row, "gate"), text(row, "outcome")}] += row;
  for (const ordered_json& row : inherited.at("gates"))
    found[{text(row, "gate"), text(row, "outcome")}] -= row;
  return found;
}

void add_gates(Collection& all, const GateCounts& counts) {
  TrafficRows rows;
  double refused = 0;
  for (const auto& [key, traffic] : counts) {
    rows.emplace_back(Labels{{"gate", key.first}, {"outcome", key.second}}, traffic);
    if (key.second == "table-full") refused += traffic.packets;
  }
  add_traffic(all, "vpcwall_gate", "that a gate was asked about", rows);
  all.counter("vpcwall_flows_refused_total", "Packets that would have opened a flow, and found no room.")
      .add(refused);
}

// The rows of a list by what `key` says of them, each without what was inherited.
std::map<std::string, Traffic> counted(const ordered_json& report, const ordered_json& inherited,
                                       const char* list, const char* key) {
  std::map<std::string, Traffic> found;
  for (const ordered_json& row : report.at(list)) found[text(row, key)] += row;
  for (const ordered_json& row : inherited.at(list)) found[text(row, key)] -= row;
  return found;
}

void add_decisions(Collection& all, const ordered_json& report, const ordered_json& inherited) {
  TrafficRows rows;
  const auto reasons = counted(report, inherited, "reasons", "reason");
  for (const ordered_json& row : report.at("reasons")) {
    const std::string reason = text(row, "reason");
    rows.emplace_back(Labels{{"verdict", text(row, "verdict")}, {"reason", reason}}, reasons.at(reason));
  }
  add_traffic(all, "vpcwall_decided", "that were decided", rows);
  Family& errors = all.counter("vpcwall_parse_errors_total", "Packets whose header could not be read.");
  for (const auto& [error, traffic] : counted(report, inherited, "parse_errors", "error"))
    errors.add(traffic.packets, {{"error", error}});
}

void add_queues(Collection& all, const ordered_json& queues) {
  struct Figure {
    const char* key;
    const char* name;
    const char* help;
  };
  constexpr std::array<Figure, 8> counters{{
      {"received", "received_packets_total", "Packets that the queue's worker was handed."},
      {"bursts", "bursts_total", "Bursts in which the queue's packets were handed over."},
      {"kernel_dropped", "kernel_dropped_packets_total", "Packets that found the queue full."},
      {"user_dropped", "user_dropped_packets_total", "Packets that found the queue's socket full."},
      {"undecodable", "undecodable_messages_total", "Messages that were not about a packet, and dropped."},
      {"overruns", "overruns_total", "Times that messages were lost on the way from the kernel."},
      {"refused_verdicts", "refused_verdicts_total", "Verdicts that the kernel did not take."},
      {"abandoned", "abandoned_packets_total", "Packets that a process before had taken and not answered."},
  }};
  const auto add = [&queues](Family& family, const char* key) {
    for (const ordered_json& queue : queues)
      family.add(number(queue.at(key)), {{"queue", std::to_string(queue.at("number").get<std::uint32_t>())}});
  };
  for (const Figure& figure : counters)
    add(all.counter(std::string("vpcwall_queue_") + figure.name, figure.help), figure.key);
  add(all.gauge("vpcwall_queue_waiting_packets", "Packets that wait for a verdict now."), "waiting");
}

void add_flow_tables(Family& family, const ordered_json& workers, const char* key) {
  std::size_t worker = 0;
  for (const ordered_json& one : workers)
    family.add(number(one.at(key)), {{"worker", std::to_string(worker++)}});
}

void add_flows(Collection& all, const ordered_json& status) {
  const ordered_json& flows = status.at("flows");
  all.gauge("vpcwall_flows", "Flows that are remembered.").add(number(flows.at("active")));
  all.gauge("vpcwall_flows_capacity", "Flows that can be remembered.").add(number(flows.at("capacity")));
  add_flow_tables(
      all.gauge("vpcwall_flow_table_shared_used", "Flows of a table beyond the interfaces' shares."),
      flows.at("workers"), "shared_used");
  add_flow_tables(
      all.gauge("vpcwall_flow_table_shared_size", "Room for flows beyond the interfaces' shares."),
      flows.at("workers"), "shared_size");

  const ordered_json& fast_path = status.at("fast_path");
  all.gauge("vpcwall_fast_path_active", "Whether the kernel answers by itself what was judged before.")
      .add(number(fast_path.at("active")));
  const auto size = [&fast_path](const char* kind, const char* key) {
    return fast_path.contains(kind) ? number(fast_path.at(kind).at(key)) : 0;
  };
  all.gauge("vpcwall_fast_path_flows", "Flows that the kernel passes on.").add(size("flows", "cached"));
  all.gauge("vpcwall_fast_path_flow_places", "Flows that it has room for.").add(size("flows", "places"));
  all.gauge("vpcwall_fast_path_refusals", "Refusals that the kernel repeats.")
      .add(size("refusals", "cached"));
  all.gauge("vpcwall_fast_path_refusal_places", "Refusals that it has room for.")
      .add(size("refusals", "places"));
}

void add_policy(Collection& all, const ordered_json& status) {
  all.gauge("vpcwall_build_info", "The program.").add(1, {{"version", text(status, "version")}});
  all.gauge("vpcwall_settings_info", "How it runs.")
      .add(1, {{"mode", text(status, "mode")},
               {"backend", text(status, "backend")},
               {"fail_mode", text(status, "fail_mode")},
               {"fast_path", text(status.at("fast_path"), "mode")}});
  all.gauge("vpcwall_management_bypass_ports", "Ports of this host that nobody judges.")
      .add(static_cast<double>(status.at("management_bypass").size()));
  all.counter("vpcwall_hooks_reinstalled_total", "Times that somebody else had removed or changed the rules.")
      .add(number(status.at("hooks").at("reinstalled")));
  all.gauge("vpcwall_awaited_devices", "Devices of the policy that this host does not have.")
      .add(static_cast<double>(status.at("awaited_devices").size()));
  all.gauge("vpcwall_policy_generation", "The number of the policy in force.")
      .add(number(status.at("generation")));
  all.gauge("vpcwall_policy_interfaces", "Interfaces that are guarded.").add(number(status.at("interfaces")));
  const ordered_json& policy = status.at("policy_in_force");
  const ordered_json& changes = policy.at("changes");
  all.gauge("vpcwall_policy_info", "Where the policy in force comes from.")
      .add(1, {{"source", text(policy, "source")}});
  all.gauge("vpcwall_policy_unconfirmed", "Whether the policy in force goes again unless it is confirmed.")
      .add(policy.contains("unconfirmed") ? 1 : 0);
  all.gauge("vpcwall_policy_since_timestamp_seconds", "When the policy in force came into force, since 1970.")
      .add(number(policy.at("since_unix_seconds")));
  all.counter("vpcwall_policy_changes_total", "Changes of the policy: reload, apply, confirm, rollback.")
      .add(number(changes.at("accepted")), {{"result", "accepted"}})
      .add(number(changes.at("refused")), {{"result", "refused"}});
  all.gauge("vpcwall_last_policy_change_successful",
            "Whether the last change was accepted; 1 when there was none.")
      .add(number(changes.at("last_accepted")));
  all.gauge("vpcwall_observers", "Who observes decisions.").add(number(status.at("observers")));
}

void add_process(Collection& all, const ProcessFigures& process) {
  all.counter("process_cpu_seconds_total", "User and system CPU time.").add(process.cpu_seconds);
  all.gauge("process_start_time_seconds", "When the process was started, since 1970.")
      .add(process.start_seconds);
  all.gauge("process_resident_memory_bytes", "Resident memory.")
      .add(static_cast<double>(process.resident_bytes));
  all.gauge("process_virtual_memory_bytes", "Virtual memory.")
      .add(static_cast<double>(process.virtual_bytes));
  all.gauge("process_open_fds", "Open file descriptors.").add(static_cast<double>(process.open_descriptors));
  all.gauge("process_max_fds", "How many there may be.").add(static_cast<double>(process.most_descriptors));
}

}  // namespace

std::string metrics_text(const MetricsSources& sources, std::size_t most_rules) {
  const auto& [status, rules, inherited, process] = sources;
  Collection all;
  add_policy(all, status);
  add_rules(all, rules, inherited, most_rules);
  add_gates(all, gate_counts(rules, inherited));
  add_decisions(all, rules, inherited);
  add_queues(all, status.at("queues"));
  add_flows(all, status);
  add_process(all, process);
  return all.text();
}

}  // namespace vpcwall
