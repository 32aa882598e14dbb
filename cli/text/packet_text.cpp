#include "cli/text/packet_text.h"

namespace vpcwall {

using nlohmann::ordered_json;

std::string protocol_text(const ordered_json& packet) {
  const ordered_json& found = packet.at("protocol");
  std::string text = found.is_string() ? found.get<std::string>() : found.dump();
  if (packet.contains("type")) {
    text += ' ' + packet.at("type").dump();
    if (packet.contains("code")) text += '/' + packet.at("code").dump();
  }
  return text;
}

std::string endpoint_text(const ordered_json& packet, const char* address, const char* port) {
  std::string text = packet.at(address).get<std::string>();
  if (!packet.contains(port)) return text;
  if (text.find(':') != std::string::npos) text = '[' + text + ']';
  return text + ':' + std::to_string(packet.at(port).get<unsigned>());
}

std::string gate_text(const ordered_json& gate) {
  std::string text = gate.at("gate").get<std::string>();
  text += ' ' + gate.value("subnet", gate.value("interface", std::string()));
  if (gate.contains("rule")) {
    text += (gate.contains("acl") ? " entry " : " rule ") + gate.at("rule").get<std::string>();
    if (gate.contains("group")) text += " of " + gate.at("group").get<std::string>();
  } else if (gate.at("outcome") == "deny" && gate.at("gate") != "source-dest-check") {
    text += " implicit deny";
  }
  if (!gate.contains("acl") && gate.at("gate") != "exempt" && gate.at("outcome") != "deny")
    text += " (" + gate.at("outcome").get<std::string>() + ')';
  return text;
}

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t place = text.size(); place > 3; place -= 3) text.insert(place - 3, 1, ',');
  return text;
}

}  // namespace vpcwall
