using System.Text.Json.Serialization;

namespace Amalgam.Gateway;

[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(long))]
internal sealed partial class GatewayJson : JsonSerializerContext;
