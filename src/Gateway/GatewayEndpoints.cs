using Amalgam.Gateway.Errors;
using Amalgam.Gateway.Forwarding;
using Amalgam.Gateway.Limits;
using Amalgam.Gateway.Observation;
using Amalgam.Gateway.Ports;
using Amalgam.Gateway.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Amalgam.Gateway;

/// <summary>How a host takes the gateway in: `services.AddGateway(options)`, its four ports, `app.MapGateway()`.</summary>
public static class GatewayEndpoints
{
    /// <summary>The meter whose instruments the host exports.</summary>
    public const string MeterName = GatewayMetrics.MeterName;

    /// <summary>
    /// Needs from the host: <see cref="ICallers"/>, <see cref="IReplicas"/>, <see cref="ITokenLedger"/>, and <see cref="ILimits"/> unless there
    /// are none. <see cref="GatewayDrain"/> is what a host stops the gateway with.
    /// </summary>
    public static IServiceCollection AddGateway(this IServiceCollection services, GatewayOptions options)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<ILimits, NoLimits>();
        services.AddSingleton(options);
        services.AddSingleton(new BodyBudget(options.MaxBodyBytesInFlight));
        services.AddSingleton<GatewayMetrics>();
        services.AddSingleton<GatewayDrain>();
        services.AddSingleton<LimitGate>();
        services.AddSingleton<Door>();
        services.AddSingleton<Upstream>();
        services.AddSingleton<Settler>();
        services.AddSingleton<AnswerHeaders>();
        services.AddSingleton<StreamRelay>();
        services.AddSingleton<WholeRelay>();
        services.AddSingleton<Forwarder>();
        services.AddSingleton<InferenceHandler>();
        services.AddSingleton<ModelsHandler>();
        return services;
    }

    /// <summary>Everything under /v1. Methods are checked inside: a wrong one is answered in the OpenAI envelope, too.</summary>
    public static void MapGateway(this IEndpointRouteBuilder routes)
    {
        var inference = routes.ServiceProvider.GetRequiredService<InferenceHandler>();
        var models = routes.ServiceProvider.GetRequiredService<ModelsHandler>();
        var door = routes.ServiceProvider.GetRequiredService<Door>();
        foreach (var endpoint in new[] { InferenceEndpoint.Chat, InferenceEndpoint.Completions, InferenceEndpoint.Embeddings, InferenceEndpoint.Responses })
        {
            Map(routes, endpoint.Path, http => inference.HandleAsync(http, endpoint));
        }
        Map(routes, "/v1/models", models.ListAsync);
        Map(routes, "/v1/models/{**model}", models.GetAsync);
        Map(routes, "/v1/{**rest}", http => UnknownAsync(http, door));
    }

    /// <summary>Unknown paths tell nothing to strangers.</summary>
    private static Task UnknownAsync(HttpContext http, Door door)
    {
        Door.Identify(http);
        return ErrorAnswer.WriteAsync(http, door.Admit(http, mustUse: false, out _) ?? Refusals.UnknownPath(http.Request.Path));
    }

    private static void Map(IEndpointRouteBuilder routes, string pattern, RequestDelegate handler) =>
        routes.Map(pattern, handler).ExcludeFromDescription();
}
