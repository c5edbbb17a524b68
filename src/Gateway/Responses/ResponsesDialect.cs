using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Amalgam.Gateway.Answers;
using Amalgam.Gateway.Errors;

namespace Amalgam.Gateway.Responses;

/// <summary>Chat completions in, Responses out. As a stream: named events with sequence numbers; the completing one comes after the charge.</summary>
internal sealed class ResponsesDialect(AnswerContext context, ResponsesRequest request) : IAnswerDialect
{
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly ResponseObject _response = new(context, request.Root);
    private readonly StringBuilder _text = new();
    private string? _finish;
    private int _sequence;

    public void WriteChunk(IBufferWriter<byte> output, ReadOnlySpan<byte> data, in AnswerScan scan)
    {
        if (_sequence == 0) WriteStart(output);
        var (delta, finish) = ReadChoice(data, "delta"u8);
        _finish = finish ?? _finish;
        if (string.IsNullOrEmpty(delta)) return;
        _text.Append(delta);
        WriteEvent(output, "response.output_text.delta", json =>
        {
            WriteTextPlace(json);
            json.WriteString("delta", delta);
            json.WriteStartArray("logprobs");
            json.WriteEndArray();
        });
    }

    public void WriteEnd(IBufferWriter<byte> output, in Settled settled)
    {
        if (_sequence == 0) WriteStart(output);
        var text = _text.ToString();
        var charged = settled;
        WriteEvent(output, "response.output_text.done", json =>
        {
            WriteTextPlace(json);
            json.WriteString("text", text);
            json.WriteStartArray("logprobs");
            json.WriteEndArray();
        });
        WriteEvent(output, "response.content_part.done", json =>
        {
            WriteTextPlace(json);
            json.WritePropertyName("part");
            ResponseObject.WritePart(json, text);
        });
        var status = ResponseObject.StatusOf(_finish);
        WriteEvent(output, "response.output_item.done", json =>
        {
            json.WriteNumber("output_index", 0);
            json.WritePropertyName("item");
            _response.WriteItem(json, status, text);
        });
        WriteEvent(output, status == "completed" ? "response.completed" : "response.incomplete", json =>
        {
            json.WritePropertyName("response");
            _response.Write(json, status, text, charged.Counts);
        });
    }

    /// <summary>The event as the Responses API defines it, and the `error` object by which clients of every OpenAI stream know a failure.</summary>
    public void WriteError(IBufferWriter<byte> output, ApiError error) => WriteEvent(output, "error", json =>
    {
        json.WriteString("code", error.Code);
        json.WriteString("message", error.Message);
        json.WriteString("param", error.Param);
        json.WriteStartObject("error");
        ErrorAnswer.WriteFields(json, error);
        json.WriteEndObject();
    });

    public void WriteBody(IBufferWriter<byte> output, ReadOnlySpan<byte> body, in AnswerScan scan, in Settled settled)
    {
        var (text, finish) = ReadChoice(body, "message"u8);
        using var json = new Utf8JsonWriter(output, Plain);
        _response.Write(json, ResponseObject.StatusOf(finish), text ?? "", settled.Counts);
    }

    private void WriteStart(IBufferWriter<byte> output)
    {
        foreach (var type in new[] { "response.created", "response.in_progress" })
        {
            WriteEvent(output, type, json =>
            {
                json.WritePropertyName("response");
                _response.Write(json, "in_progress", null, null);
            });
        }
        WriteEvent(output, "response.output_item.added", json =>
        {
            json.WriteNumber("output_index", 0);
            json.WritePropertyName("item");
            _response.WriteItem(json, "in_progress", null);
        });
        WriteEvent(output, "response.content_part.added", json =>
        {
            WriteTextPlace(json);
            json.WritePropertyName("part");
            ResponseObject.WritePart(json, "");
        });
    }

    private void WriteTextPlace(Utf8JsonWriter json)
    {
        json.WriteString("item_id", _response.ItemId);
        json.WriteNumber("output_index", 0);
        json.WriteNumber("content_index", 0);
    }

    private void WriteEvent(IBufferWriter<byte> output, string type, Action<Utf8JsonWriter> fields)
    {
        output.Write("event: "u8);
        Encoding.UTF8.GetBytes(type, output);
        output.Write("\ndata: "u8);
        using (var json = new Utf8JsonWriter(output, Plain))
        {
            json.WriteStartObject();
            json.WriteString("type", type);
            json.WriteNumber("sequence_number", _sequence++);
            fields(json);
            json.WriteEndObject();
        }
        output.Write("\n\n"u8);
    }

    /// <summary>Text and finish reason of the first choice; there is only one, since `n` is no parameter of this API.</summary>
    private static (string? Text, string? Finish) ReadChoice(ReadOnlySpan<byte> data, ReadOnlySpan<byte> holder)
    {
        var reader = new Utf8JsonReader(data);
        using var document = JsonDocument.ParseValue(ref reader);
        if (!document.RootElement.TryGetProperty("choices", out var choices) || choices.ValueKind != JsonValueKind.Array || choices.GetArrayLength() == 0) return (null, null);
        var choice = choices[0];
        var finish = choice.TryGetProperty("finish_reason", out var reason) && reason.ValueKind == JsonValueKind.String ? reason.GetString() : null;
        var text = choice.TryGetProperty(holder, out var message) && message.ValueKind == JsonValueKind.Object
            && message.TryGetProperty("content", out var content) && content.ValueKind == JsonValueKind.String ? content.GetString() : null;
        return (text, finish);
    }
}
