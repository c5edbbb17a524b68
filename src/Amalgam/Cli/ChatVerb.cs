using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Amalgam.Hosting;

namespace Amalgam.Cli;

/// <summary>`chat MODEL`: a conversation, or one answer for `--message` or piped input.</summary>
internal static class ChatVerb
{
    public static Command Chat()
    {
        var model = new Argument<string>("model") { Description = "a served name" };
        var message = Verbs.Text("--message", "ask this one thing and leave");
        var system = Verbs.Text("--system", "system prompt");
        var temperature = new Option<double?>("--temperature") { Description = "0 = always the likeliest word, 1 = as the model has it; else 0.2" };
        var maxTokens = Verbs.Number("--max-tokens", "longest answer");
        return Verbs.Remote("chat", "talk to a served model", async (parsed, client, cancel) =>
        {
            var talk = new Conversation(client, parsed.GetValue(model)!, parsed.GetValue(system), parsed.GetValue(temperature), parsed.GetValue(maxTokens));
            if (parsed.GetValue(message) is { } one)
            {
                await talk.SayAsync(one, cancel);
            }
            else if (Console.IsInputRedirected)
            {
                await talk.SayAsync((await Console.In.ReadToEndAsync(cancel)).Trim(), cancel);
            }
            else
            {
                await LoopAsync(talk, cancel);
            }

            return 0;
        }, model, message, system, temperature, maxTokens);
    }

    private static async Task LoopAsync(Conversation talk, CancellationToken cancel)
    {
        Console.Error.WriteLine("an empty line or Ctrl-D ends it");
        while (true)
        {
            Console.Error.Write("> ");
            var line = await Console.In.ReadLineAsync(cancel);
            if (string.IsNullOrWhiteSpace(line))
            {
                return;
            }

            await talk.SayAsync(line, cancel);
        }
    }

    private sealed class Conversation(ApiClient client, string model, string? system, double? temperature, int? maxTokens)
    {
        /// <summary>A small model that may say anything says too much that is wrong.</summary>
        private const double Careful = 0.2;

        private readonly JsonArray _messages = system is null ? [] : [Message("system", system)];

        public async Task SayAsync(string text, CancellationToken cancel)
        {
            _messages.Add(Message("user", text));
            var body = new JsonObject { ["model"] = model, ["messages"] = _messages.DeepClone(), ["stream"] = true, ["temperature"] = temperature ?? Careful, ["stream_options"] = new JsonObject { ["include_usage"] = true } };
            if (maxTokens is { } most)
            {
                body["max_tokens"] = most;
            }

            using var answer = await client.AskAsync(HttpMethod.Post, "/v1/chat/completions", Encoding.UTF8.GetBytes(body.ToJsonString()), HttpCompletionOption.ResponseHeadersRead, cancel);
            _messages.Add(Message("assistant", await PrintAsync(answer, cancel)));
        }

        private static async Task<string> PrintAsync(HttpResponseMessage answer, CancellationToken cancel)
        {
            var said = new StringBuilder();
            var begun = System.Diagnostics.Stopwatch.GetTimestamp();
            using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(cancel));
            JsonNode? usage = null;
            while (await reader.ReadLineAsync(cancel) is { } line)
            {
                if (!line.StartsWith("data: ", StringComparison.Ordinal) || line == "data: [DONE]")
                {
                    continue;
                }

                var chunk = JsonNode.Parse(line["data: ".Length..])!;
                if (chunk["error"] is { } error)
                {
                    Console.WriteLine();
                    throw new CommandException(error["message"]?.ToString() ?? "the answer was cut");
                }

                usage = chunk["usage"] ?? usage;
                if (chunk["choices"] is JsonArray { Count: > 0 } choices && choices[0]?["delta"]?["content"]?.ToString() is { Length: > 0 } piece)
                {
                    Console.Write(piece);
                    said.Append(piece);
                }
            }

            Console.WriteLine();
            var seconds = System.Diagnostics.Stopwatch.GetElapsedTime(begun).TotalSeconds;
            var chip = answer.Headers.TryGetValues("x-amalgam-chip-class", out var classes) ? classes.First() : "?";
            if (!Console.IsErrorRedirected && usage?["completion_tokens"]?.GetValue<long>() is { } tokens)
            {
                await Console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"  ({tokens} tokens, {tokens / Math.Max(seconds, 1e-3):0.#} tokens/s, on {chip})"));
            }

            return said.ToString();
        }

        private static JsonObject Message(string role, string text) => new() { ["role"] = role, ["content"] = text };
    }
}
