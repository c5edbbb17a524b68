using System.Buffers;
using System.Text.Json;
using Amalgam.Gateway.Errors;
using Amalgam.Gateway.Forwarding;
using Amalgam.Gateway.Ports;
using Microsoft.AspNetCore.Http;

namespace Amalgam.Gateway;

/// <summary>`GET /v1/models` and `/v1/models/{id}`: what a key may use. An auditor may look.</summary>
internal sealed class ModelsHandler(Door door, IReplicas replicas)
{
    public Task ListAsync(HttpContext http)
    {
        Door.Identify(http);
        if (!IsRead(http)) return Door.WrongMethodAsync(http, http.Request.Path, "GET");
        if (door.Admit(http, mustUse: false, out var caller) is { } error) return ErrorAnswer.WriteAsync(http, error);
        return WriteAsync(http, json =>
        {
            json.WriteStartObject();
            json.WriteString("object", "list");
            json.WriteStartArray("data");
            foreach (var model in replicas.Visible(caller)) WriteModel(json, model);
            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    /// <summary>A name may hold slashes, as `owner/model` does.</summary>
    public Task GetAsync(HttpContext http)
    {
        Door.Identify(http);
        if (!IsRead(http)) return Door.WrongMethodAsync(http, http.Request.Path, "GET");
        if (door.Admit(http, mustUse: false, out var caller) is { } error) return ErrorAnswer.WriteAsync(http, error);
        var name = Uri.UnescapeDataString((string)http.Request.RouteValues["model"]!);
        return replicas.Find(caller, name) is { } model
            ? WriteAsync(http, json => WriteModel(json, model))
            : ErrorAnswer.WriteAsync(http, Refusals.ModelNotFound(name));
    }

    private static bool IsRead(HttpContext http) => HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method);

    private static void WriteModel(Utf8JsonWriter json, ServedModel model)
    {
        json.WriteStartObject();
        json.WriteString("id", model.Model);
        json.WriteString("object", "model");
        json.WriteNumber("created", model.CreatedUnixSeconds);
        json.WriteString("owned_by", model.Unit);
        if (model.ContextLength > 0) json.WriteNumber("context_length", model.ContextLength);
        json.WriteEndObject();
    }

    private static async Task WriteAsync(HttpContext http, Action<Utf8JsonWriter> write)
    {
        var body = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(body)) write(json);
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = body.WrittenCount;
        if (!HttpMethods.IsHead(http.Request.Method)) await http.Response.Body.WriteAsync(body.WrittenMemory, http.RequestAborted);
    }
}
