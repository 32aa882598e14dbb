#include "audit/entry.h"

#include <array>
#include <string>

#include "text/escape.h"

namespace vpcwall {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t room_for_chain = 512;  // number, digest and line end

struct Caps {
  std::size_t letters;
  std::size_t items;
};

std::string cut(const std::string& text, std::size_t most) {
  if (text.size() <= most) return text;
  std::string shown = text.substr(0, most);
  shown.resize(shown.size() - unfinished_bytes(shown));
  return shown + "… (" + std::to_string(text.size()) + " bytes)";
}

ordered_json cut(const ordered_json& value, const Caps& caps) {
  if (value.is_string()) return cut(value.get_ref<const std::string&>(), caps.letters);
  if (!value.is_structured()) return value;
  ordered_json shown = value.is_array() ? ordered_json::array() : ordered_json::object();
  for (const auto& [key, item] : value.items()) {
    if (shown.size() == caps.items) {
      const std::string rest = std::to_string(value.size() - shown.size()) + " more";
      if (value.is_array())
        shown.push_back(rest);
      else
        shown["…"] = rest;
      break;
    }
    if (value.is_array())
      shown.push_back(cut(item, caps));
    else
      shown[cut(key, caps.letters)] = cut(item, caps);
  }
  return shown;
}

// Escapes make it longer.
std::size_t line_size(const ordered_json& content) {
  return escaped(content.dump(-1, ' ', false, ordered_json::error_handler_t::replace)).size();
}

}  // namespace

ordered_json capped(const ordered_json& content) {
  constexpr std::array<Caps, 5> all{{{1024, 32}, {256, 32}, {128, 16}, {64, 16}, {16, 16}}};
  ordered_json shown;
  for (const Caps& caps : all) {
    shown = cut(content, caps);
    if (line_size(shown) + room_for_chain <= max_entry_bytes) return shown;
  }
  return {{"event", "more than an entry can hold"}};
}

}  // namespace vpcwall
