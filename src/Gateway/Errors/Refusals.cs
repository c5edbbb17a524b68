using System.Globalization;
using Amalgam.Gateway.Ports;

namespace Amalgam.Gateway.Errors;

/// <summary>Every refusal the gateway itself can give, in one place; `docs/errors.md` lists them.</summary>
internal static class Refusals
{
    private const string Invalid = "invalid_request_error";
    private const string Server = "server_error";

    public static ApiError MissingKey { get; } = new(401, Invalid, "invalid_api_key",
        "This needs an API key. Send it as 'Authorization: Bearer KEY'; 'amalgam key create' makes one.");

    public static ApiError UnknownKey { get; } = new(401, Invalid, "invalid_api_key",
        "This API key is unknown or revoked. 'amalgam key list' shows the keys of a unit; 'amalgam key create' makes a new one.");

    public static ApiError RoleMayNotUse { get; } = new(403, "permission_error", "insufficient_permissions",
        "This key has the role auditor, which reads but does not use models. Use a key with the role developer, operator or owner.");

    public static ApiError Stopping { get; } = new(503, Server, "service_stopping",
        "The cloud is stopping and takes no new requests. Try again shortly.", RetryAfter: TimeSpan.FromSeconds(5));

    public static ApiError BodiesFull { get; } = new(503, Server, "overloaded",
        "The gateway holds as many request bodies as its memory allows. Try again shortly.", RetryAfter: TimeSpan.FromSeconds(1));

    public static ApiError EmptyBody { get; } = new(400, Invalid, "invalid_json", "The request body is empty; a JSON object is expected.");

    public static ApiError InvalidUtf8 { get; } = new(400, Invalid, "invalid_json", "The request body is not valid UTF-8.");

    public static ApiError BrokenEscape { get; } = new(400, Invalid, "invalid_json",
        "The request body has a string with half a surrogate pair (an escape such as \\ud800 alone), which is no text.");

    public static ApiError NotAnObject { get; } = new(400, Invalid, "invalid_json", "The request body must be a JSON object.");

    public static ApiError BodyCut { get; } = new(400, Invalid, "incomplete_body", "The request body ended before its announced length.");

    public static ApiError NotCharged { get; } = new(500, Server, "charge_not_recorded",
        "The answer is complete but its charge could not be recorded, so it is withheld. The operator finds the reason in the server's log.");

    public static ApiError Defect(string requestId) => new(500, Server, "internal_error",
        $"The gateway failed at this request. The operator finds the reason in the server's log under {requestId}.");

    public static ApiError UnknownPath(string path) => new(404, Invalid, "unknown_url",
        $"There is no '{path}' here. Served are /v1/models, /v1/chat/completions, /v1/completions, /v1/embeddings and /v1/responses.");

    public static ApiError WrongMethod(string method, string path, string allowed) =>
        new(405, Invalid, "method_not_allowed", $"'{path}' takes {allowed}, not {method}.");

    public static ApiError ModelNotFound(string model) => new(404, Invalid, "model_not_found",
        $"The model '{Shortened(model)}' does not exist or this key may not use it. GET /v1/models lists what it may use.", "model");

    public static ApiError BodyTooLarge(long limit) => new(413, Invalid, "request_too_large",
        $"The request body is larger than {limit.ToString(CultureInfo.InvariantCulture)} bytes. Send less at once.", Final: true);

    public static ApiError Compressed(string encoding) => new(415, Invalid, "unsupported_encoding",
        $"Request bodies with Content-Encoding '{Shortened(encoding)}' are not taken. Send the JSON uncompressed.");

    public static ApiError MalformedJson(long line, long position, string reason) => new(400, Invalid, "invalid_json",
        $"The request body is not valid JSON at line {line + 1}, byte {position + 1}: {reason}");

    public static ApiError Missing(string param) => new(400, Invalid, "missing_required_parameter", $"'{param}' is missing.", param);

    public static ApiError Twice(string param) => new(400, Invalid, "duplicate_parameter", $"'{param}' stands twice in the request.", param);

    public static ApiError WrongType(string param, string expected) => new(400, Invalid, "invalid_type", $"'{param}' must be {expected}.", param);

    public static ApiError WrongValue(string param, string expected) => new(400, Invalid, "invalid_value", $"'{param}' must be {expected}.", param);

    public static ApiError Unsupported(string param, string what) => new(400, Invalid, "unsupported_parameter", what, param);

    public static ApiError RateLimited(string what, TimeSpan retryAfter) => new(429, "rate_limit_error", "rate_limit_exceeded", what, RetryAfter: retryAfter);

    public static ApiError Ledger(LedgerRefusal refusal) => new(refusal.HttpStatus, refusal.Type, refusal.Code, refusal.Message,
        RetryAfter: refusal.RetryAfter, Final: refusal.RetryAfter is null);

    /// <summary>Why no replica was given, as the caller reads it.</summary>
    public static ApiError NoReplica(string model, ReplicaAnswer answer) => answer.Refusal switch
    {
        ReplicaRefusal.ModelNotFound => ModelNotFound(model),
        ReplicaRefusal.QueueFull => new(429, "rate_limit_error", "queue_full",
            $"Too many requests wait for '{model}' already. {answer.Detail}".TrimEnd(), RetryAfter: TimeSpan.FromSeconds(2)),
        ReplicaRefusal.Stopping => Stopping,
        _ => new(503, Server, "no_replica",
            $"No replica of '{model}' became ready in time. {answer.Detail}".TrimEnd(), RetryAfter: TimeSpan.FromSeconds(10)),
    };

    public static ApiError UpstreamFailed(string what) => new(502, Server, "upstream_failed", what);

    public static ApiError UpstreamTimeout(string what) => new(504, Server, "upstream_timeout", what);

    /// <summary>What people typed comes back to them cut, so that an answer stays small.</summary>
    private static string Shortened(string text) => text.Length <= 128 ? text : string.Concat(text.AsSpan(0, 128), "…");
}
