#include "cli/text/shadow_text.h"

#include <algorithm>
#include <cstdint>

#include "cli/text/packet_text.h"

namespace vpcwall {
namespace {

using nlohmann::ordered_json;

std::uint64_t number(const ordered_json& event, const char* key) {
  return event.at(key).get<std::uint64_t>();
}

std::string begin_text(const ordered_json& event) {
  std::string text;
  for (const auto& place : event.at("unseen"))
    text += "-- packets of " + place.get<std::string>() + " do not come here under the policy in force\n";
  return text;
}

}  // namespace

std::string ShadowText::decision(const ordered_json& decision) const {
  const bool drops = decision.at("verdict") == "drop";
  std::string text = drops ? "DROP" : "ACCEPT";
  const ordered_json& gates = decision.at("gates");
  // What let it pass at the last gate decides as much as what refused it.
  text += ' ' + (gates.empty() ? decision.at("reason").get<std::string>() : gate_text(gates.back()));
  return text;
}

std::string ShadowText::line(const ordered_json& event) {
  const std::string kind = event.at("event").get<std::string>();
  if (kind == "begin")
    return begin_text(event) + row({"PROTOCOL", "SOURCE", "DESTINATION", "IN FORCE"}, "CANDIDATE");
  if (kind == "policy") return "-- policy generation " + event.at("generation").dump() + " in force\n";
  if (kind == "difference") {
    const ordered_json& packet = event.at("packet");
    told_.push_back({protocol_text(packet), endpoint_text(packet, "source", "source_port"),
                     endpoint_text(packet, "destination", "destination_port"), decision(event.at("live"))});
    return row(told_.back(), decision(event.at("candidate")));
  }
  if (kind != "end") return {};
  std::string text;
  for (const auto& one : event.at("differences"))
    if (const std::uint64_t count = number(one, "count"); count > 1 && number(one, "number") < told_.size())
      text += row(told_.at(number(one, "number")), "×" + grouped(count) + " in all");
  return text;
}

std::string ShadowText::row(const Row& cells, const std::string& last) {
  std::string text;
  const auto put = [&](const std::string& cell) {
    const bool painted = colour_ && (cell.starts_with("DROP ") || cell.starts_with("ACCEPT "));
    if (!painted) {
      text += cell;
      return;
    }
    const std::size_t end = cell.find(' ');
    text += (cell.starts_with("DROP") ? "\033[31m" : "\033[32m") + cell.substr(0, end) + "\033[0m" +
            cell.substr(end);
  };
  for (std::size_t i = 0; i < columns; ++i) {
    std::size_t& width = widths_.at(i);
    width = std::max(width, cells.at(i).size());
    put(cells.at(i));
    text += std::string(width + 2 - cells.at(i).size(), ' ');
  }
  put(last);
  return text + '\n';
}

std::string ShadowText::summary(const ordered_json& end) {
  std::string text = grouped(number(end, "judged")) + " packets judged: ";
  const std::uint64_t differing = number(end, "differing");
  if (differing == 0) return text + "none would have another verdict\n";
  text += grouped(differing) + " would have another verdict, in " + grouped(end.at("differences").size()) +
          " ways";
  if (const std::uint64_t unlisted = number(end, "unlisted"); unlisted > 0)
    text += "; of " + grouped(unlisted) + " it is not listed which";
  return text + '\n';
}

}  // namespace vpcwall
