namespace Amalgam.Runtime.Serving.Http;

/// <summary>A request that is answered with an error, in the shape of OpenAI's API. The message is one line that says what is wrong and what to do.</summary>
public sealed class RefusedException : Exception
{
    public RefusedException()
        : this(500, "The request failed.", "server_error")
    {
    }

    public RefusedException(string message)
        : this(400, message)
    {
    }

    public RefusedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    public RefusedException(int status, string message, string type = "invalid_request_error", string? param = null, string? code = null)
        : base(message) => (Status, Type, Param, Code) = (status, type, param, code);

    public int Status { get; } = 400;

    public string Type { get; } = "invalid_request_error";

    /// <summary>The field that is wrong.</summary>
    public string? Param { get; }

    public string? Code { get; }

    public static RefusedException Invalid(string param, string message, string? code = "invalid_value") => new(400, message, param: param, code: code);

    public static RefusedException Unsupported(string param, string message) => new(400, message, param: param, code: "unsupported_parameter");

    public static RefusedException Unavailable(string message, string code) => new(503, message, "server_error", code: code);
}
