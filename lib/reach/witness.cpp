#include "reach/witness.h"

#include <algorithm>

namespace vpcwall {
namespace {

bool is_plain(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char letter) {
    const bool alphanumeric = (letter >= '0' && letter <= '9') || (letter >= 'A' && letter <= 'Z') ||
                              (letter >= 'a' && letter <= 'z');
    return alphanumeric ||
           std::string_view("/._-+:,@").find(static_cast<char>(letter)) != std::string_view::npos;
  });
}

// Inside single quotes a shell takes everything as it is, but for the quote itself.
std::string shell_word(const std::string& text) {
  if (is_plain(text)) return text;
  std::string word = "'";
  for (const char letter : text) word += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
  return word + '\'';
}

}  // namespace

std::string explain_command(const Packet& request, const std::string& policy_file) {
  const bool ports = has_ports(request.protocol) && request.transport == Transport::whole;
  const auto end = [&](const IpAddress& address, std::uint16_t port) {
    return shell_word(end_text(address, port, ports));
  };
  std::string command = "vpcwall explain --policy " + shell_word(policy_file) + " --protocol " +
                        to_string(request.protocol) + " --source " +
                        end(request.source, request.source_port) + " --destination " +
                        end(request.destination, request.destination_port);
  if (is_icmp(request.protocol) && request.transport == Transport::whole)
    command += " --type " + std::to_string(unsigned{request.icmp_type}) + " --code " +
               std::to_string(unsigned{request.icmp_code});
  return command;
}

}  // namespace vpcwall
