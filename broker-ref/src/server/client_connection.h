#pragma once
// One client's connection: frames in, requests served one after another, answers out.

#include <cstdint>
#include <memory>
#include <string>

#include "net/transport.h"
#include "protocol/frame.h"
#include "server/handler_table.h"
#include "server/request_context.h"
#include "server/stage.h"

namespace klamm::broker::server {

class Server;

/// Reads a frame, serves it, sends the answer, then reads on. What a peer sends can end its own connection only.
///
///     onFrame --> header --> known, served, version supported? --no--> close (ApiVersions: error 35 in a v0 body)
///                                |
///                               yes --> handler --> answered now, or later by its ResponseTarget --> next frame
///
/// Threading: the loop, but for answers, which come from any thread through a ResponseTarget.
class ClientConnection final : public net::ConnectionHandler, public std::enable_shared_from_this<ClientConnection> {
 public:
  ClientConnection(Server& server, std::string listener, SecurityProtocol protocol, const std::shared_ptr<net::Connection>& connection);

  void onFrame(net::Connection& connection, Buffer frame) override;
  void onDrained(net::Connection& connection) override;
  void onClosed(net::Connection& connection, const Error& reason) override;

  /// Closes the connection when it has been idle, or in an early stage, for too long.
  void checkIdle(TimePoint now);
  /// No request will be served any more; what is being sent may go out until `deadline`.
  void shutDown(TimePoint deadline);
  /// Requests are held back until the server starts.
  void hold();
  void release();

 private:
  class Target;
  friend class Target;

  void serveFrame(net::Connection& connection, const Buffer& frame);
  void serveRequest(net::Connection& connection, protocol::RequestFrame request);
  void answerUnknownApiVersions(net::Connection& connection, const protocol::RequestFrame& request);
  void noteSoftware(const protocol::RequestFrame& request);
  [[nodiscard]] RequestContext contextOf(const net::Connection& connection, const protocol::RequestFrame& request) const;
  /// The request in hand is answered: read on.
  void requestDone();
  void endTurn();
  [[nodiscard]] bool mayReadOn(const net::Connection& connection) const;
  void readOn();

  Server* server_;  ///< null once the server is gone
  std::weak_ptr<net::Connection> connection_;
  std::string listener_;
  std::string ip_;
  SecurityProtocol protocol_;
  Stage stage_ = Stage::Negotiating;
  TimePoint opened_;
  std::string softwareName_;
  std::string softwareVersion_;
  bool busy_ = false;    ///< a request waits for its answer
  bool paused_ = false;  ///< reading is paused because of that, of unread answers, or of others' turn
  bool turnEnded_ = false;
  int servedInTurn_ = 0;
  bool serving_ = false; ///< inside a handler's call
};

}  // namespace klamm::broker::server
