// Walks over the attributes of a netlink message, as far as they fit into it.
#pragma once

#include <libmnl/libmnl.h>

#include <cstddef>

namespace vpcwall {

// each(attribute) for those in [first, end).
template <class Each>
void each_attribute_in(const void* first, const void* end, Each each) {
  const auto* attribute = static_cast<const nlattr*>(first);
  const auto room = [&] {
    return static_cast<int>(static_cast<const char*>(end) - reinterpret_cast<const char*>(attribute));
  };
  for (; mnl_attr_ok(attribute, room()); attribute = mnl_attr_next(attribute)) each(attribute);
}

// Those after the message's own header of `header_size` bytes.
template <class Each>
void each_attribute(const nlmsghdr& message, std::size_t header_size, Each each) {
  each_attribute_in(mnl_nlmsg_get_payload_offset(&message, header_size), mnl_nlmsg_get_payload_tail(&message),
                    each);
}

template <class Each>
void each_nested(const nlattr* nest, Each each) {
  const auto* first = static_cast<const char*>(mnl_attr_get_payload(nest));
  each_attribute_in(first, first + mnl_attr_get_payload_len(nest), each);
}

}  // namespace vpcwall
