#pragma once
// What is known about one request besides its body.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "net/transport.h"
#include "protocol/api_table.h"

namespace klamm::broker::server {

/// Who sends. Threading: a value.
struct Principal {
  std::string type = "User";
  std::string name = "ANONYMOUS";
  friend bool operator==(const Principal&, const Principal&) = default;
};

/// Numbers as on the wire (org.apache.kafka.common.acl.AclOperation).
enum class Operation : std::int8_t {
  Read = 3, Write = 4, Create = 5, Delete = 6, Alter = 7, Describe = 8, ClusterAction = 9, DescribeConfigs = 10, AlterConfigs = 11,
  IdempotentWrite = 12,
};

/// Numbers as on the wire (org.apache.kafka.common.resource.ResourceType).
enum class ResourceType : std::int8_t { Topic = 2, Group = 3, Cluster = 4, TransactionalId = 5 };

struct RequestContext;

/// Decides what a principal may do. Threading: any loop.
class Authorizer {
 public:
  virtual ~Authorizer() = default;
  [[nodiscard]] virtual bool allows(const RequestContext& request, Operation operation, ResourceType type, std::string_view name) const = 0;
};

/// The authorizer of a broker without ACLs.
[[nodiscard]] const Authorizer& allowAll() noexcept;

/// Connection and header of one request. Threading: immutable once the handler is called.
struct RequestContext {
  Principal principal = {};
  std::string listener = {};          ///< name of the listener that accepted the connection
  net::Endpoint remote = {};          ///< numeric address of the client
  net::Endpoint local = {};           ///< the address that the client connected to
  std::string clientId = {};          ///< empty when null
  std::string softwareName = {};      ///< from ApiVersions v3+; empty before
  std::string softwareVersion = {};
  protocol::ApiKey api = {};
  std::int16_t apiVersion = 0;
  std::int32_t correlationId = 0;
  TimePoint received = {};
  const Authorizer* authorizer = nullptr;  ///< null allows all

  [[nodiscard]] bool allows(Operation operation, ResourceType type, std::string_view name) const {
    return authorizer == nullptr || authorizer->allows(*this, operation, type, name);
  }
};

}  // namespace klamm::broker::server
