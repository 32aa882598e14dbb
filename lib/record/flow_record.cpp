#include "record/flow_record.h"

#include <algorithm>
#include <array>
#include <vector>

namespace vpcwall {
namespace {

using Value = std::string (*)(const FlowRecord&);

struct Field {
  std::string_view name;
  unsigned version;
  bool dashed_without_data;  // F-43
  Value value;
};

std::string unknown(const FlowRecord&) { return "-"; }

constexpr std::array fields{
    Field{"version", 2, false, nullptr},
    Field{"account-id", 2, false, unknown},
    Field{"interface-id", 2, false, [](const FlowRecord& r) { return r.interface_id; }},
    Field{"srcaddr", 2, true, [](const FlowRecord& r) { return to_string(r.source); }},
    Field{"dstaddr", 2, true, [](const FlowRecord& r) { return to_string(r.destination); }},
    Field{"srcport", 2, true, [](const FlowRecord& r) { return std::to_string(r.source_port); }},
    Field{"dstport", 2, true, [](const FlowRecord& r) { return std::to_string(r.destination_port); }},
    Field{"protocol", 2, true,
          [](const FlowRecord& r) { return std::to_string(static_cast<unsigned>(r.protocol)); }},
    Field{"packets", 2, true, [](const FlowRecord& r) { return std::to_string(r.packets); }},
    Field{"bytes", 2, true, [](const FlowRecord& r) { return std::to_string(r.bytes); }},
    Field{"start", 2, false, [](const FlowRecord& r) { return std::to_string(r.start); }},
    Field{"end", 2, false, [](const FlowRecord& r) { return std::to_string(r.end); }},
    Field{"action", 2, true,
          [](const FlowRecord& r) {
            return std::string(r.action == RecordAction::accept ? "ACCEPT" : "REJECT");
          }},
    Field{"log-status", 2, false,
          [](const FlowRecord& r) { return std::string(r.no_data ? "NODATA" : "OK"); }},
    Field{"vpc-id", 3, false, unknown},
    Field{"subnet-id", 3, false, [](const FlowRecord& r) { return r.subnet_id; }},
    Field{"instance-id", 3, false, unknown},
    Field{"tcp-flags", 3, true, [](const FlowRecord& r) { return std::to_string(r.tcp_flags); }},
    Field{"type", 3, true,
          [](const FlowRecord& r) { return std::string(r.source.family == Family::ipv4 ? "IPv4" : "IPv6"); }},
    Field{"pkt-srcaddr", 3, true, [](const FlowRecord& r) { return to_string(r.packet_source); }},
    Field{"pkt-dstaddr", 3, true, [](const FlowRecord& r) { return to_string(r.packet_destination); }},
    Field{"region", 4, false, unknown},
    Field{"az-id", 4, false, unknown},
    Field{"sublocation-type", 4, false, unknown},
    Field{"sublocation-id", 4, false, unknown},
    Field{"pkt-src-aws-service", 5, false, unknown},
    Field{"pkt-dst-aws-service", 5, false, unknown},
    Field{"flow-direction", 5, true,
          [](const FlowRecord& r) {
            return std::string(r.direction == Direction::ingress ? "ingress" : "egress");
          }},
    Field{"traffic-path", 5, true,
          [](const FlowRecord& r) {
            if (r.direction == Direction::ingress) return std::string("-");
            return std::string(r.inside_vpc ? "1" : "8");
          }},
    Field{"reject-reason", 8, false, unknown},  // F-36: only for other causes than groups and ACLs
};

const Field* find_field(std::string_view name) noexcept {
  const auto found =
      std::find_if(fields.begin(), fields.end(), [&](const Field& one) { return one.name == name; });
  return found != fields.end() ? &*found : nullptr;
}

// "${a} ${b}" -> its fields; the error is the first word that is no field.
Expected<std::vector<const Field*>, std::string> fields_of(std::string_view format) {
  std::vector<const Field*> chosen;
  while (!format.empty()) {
    const auto space = format.find(' ');
    const std::string_view word = format.substr(0, space);
    format = space == std::string_view::npos ? std::string_view{} : format.substr(space + 1);
    const bool field = word.size() > 3 && word.starts_with("${") && word.ends_with('}');
    const Field* found = field ? find_field(word.substr(2, word.size() - 3)) : nullptr;
    if (found == nullptr)
      return Unexpected{"found \"" + std::string(word) + "\", expected fields of flow logs like ${srcaddr}"};
    chosen.push_back(found);
  }
  return chosen;
}

}  // namespace

std::uint8_t record_flags(const TcpFlags& flags) noexcept {
  const unsigned bits = (flags.fin ? 1U : 0U) | (flags.syn ? 2U : 0U) | (flags.rst ? 4U : 0U) |
                        (flags.syn && flags.ack ? 16U : 0U);
  return static_cast<std::uint8_t>(bits);
}

Expected<std::string, std::string> record_text(const FlowRecord& record, std::string_view format) {
  const auto chosen = fields_of(format);
  if (!chosen) return Unexpected{chosen.error()};
  unsigned version = 2;
  if (format != default_record_format)
    for (const Field* field : *chosen) version = std::max(version, field->version);
  std::string line;
  for (const Field* field : *chosen) {
    if (!line.empty()) line += ' ';
    if (record.no_data && field->dashed_without_data) {
      line += '-';
    } else {
      line += field->value != nullptr ? field->value(record) : std::to_string(version);
    }
  }
  return line;
}

}  // namespace vpcwall
