namespace Amalgam.Gateway.Requests;

/// <summary>One POST endpoint that a replica answers.</summary>
/// <param name="Path">Where clients call it; also its name in usage records and metrics.</param>
/// <param name="UpstreamPath">Where replicas answer it.</param>
/// <param name="Content">The field that carries what the model reads: `messages`, `prompt` or `input`.</param>
/// <param name="Streams">Whether `stream` is understood.</param>
internal sealed record InferenceEndpoint(string Path, string UpstreamPath, string Content, bool Streams)
{
    public static InferenceEndpoint Chat { get; } = new("/v1/chat/completions", "/v1/chat/completions", "messages", true);
    public static InferenceEndpoint Completions { get; } = new("/v1/completions", "/v1/completions", "prompt", true);
    public static InferenceEndpoint Embeddings { get; } = new("/v1/embeddings", "/v1/embeddings", "input", false);

    /// <summary>Translated to chat completions: no replica has to know it.</summary>
    public static InferenceEndpoint Responses { get; } = new("/v1/responses", "/v1/chat/completions", "messages", true);
}
