// What the daemon answers, as it may stand in a line: a line end in one of its texts is escaped, too
// (text/escape.h). Any thread.
#pragma once

#include <string>

#include "text/escape.h"

namespace vpcwall {

template <class Json>
[[nodiscard]] Json shown(Json value) {
  if (value.is_string()) return escaped(value.template get_ref<const std::string&>());
  if (value.is_structured())
    for (auto& item : value) item = shown(std::move(item));
  return value;
}

}  // namespace vpcwall
