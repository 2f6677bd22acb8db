{{/* The adapter's settings file: the values, and what follows from other values of the chart. */}}
{{- define "policy-adapter.settings" -}}
{{- $settings := deepCopy .Values.settings -}}
{{- if .Values.environmentFile.existingConfigMap -}}
{{- $platform := omit $settings.platform "base_url" "organization_id" "environment_id" -}}
{{- $_ := set $platform "file" "/etc/policy-adapter-environment/environment.yaml" -}}
{{- $_ := set $settings "platform" $platform -}}
{{- end -}}
{{- $listener := dict -}}
{{- if .Values.tls.existingSecret -}}
{{- $_ := set $listener "tls_certificate_file" "/etc/policy-adapter-tls/tls.crt" -}}
{{- $_ := set $listener "tls_key_file" "/etc/policy-adapter-tls/tls.key" -}}
{{- end -}}
{{- if .Values.tls.clientCaSecret -}}
{{- $_ := set $listener "tls_client_ca_file" "/etc/policy-adapter-client-ca/ca.crt" -}}
{{- end -}}
{{- if $listener -}}
{{- $_ := set $settings "listener" (merge $listener (default dict $settings.listener)) -}}
{{- end -}}
{{- if .Values.controller.enabled -}}
{{- if (default dict $settings.requests).bindings -}}
{{- fail "settings.requests.bindings: the controller writes the bindings; make ApiBindings of these" -}}
{{- end -}}
{{- $requests := omit (default dict $settings.requests) "client_address_header" "forwarded_for_position" -}}
{{- $_ := set $settings "requests" (merge (include "policy-adapter.boundRequests" . | fromYaml) $requests) -}}
{{- end -}}
{{- $adapters := ternary .Values.autoscaling.maxReplicas .Values.replicaCount .Values.autoscaling.enabled -}}
{{- $_ := set $settings "quota" (merge (default dict $settings.quota) (dict "processes" (max 1 (int $adapters)))) -}}
{{ toYaml $settings }}
{{- end -}}

{{/* What the adapter has to know with a controller: the file with the bindings, and how the mesh's
objects tell the client's address. */}}
{{- define "policy-adapter.boundRequests" -}}
{{- $rendered := default dict .Values.controller.settings.rendered -}}
bindings_file: /etc/policy-adapter-bindings/bindings.yaml
{{- if eq .Values.controller.settings.mesh "istio" }}
client_address_header: {{ default "x-adapter-client-address" $rendered.client_address_header }}
{{- else }}
forwarded_for_position: {{ add 1 (default 0 $rendered.trusted_hops) }}
{{- end }}
{{- end -}}

{{/* How long a stop may take: the adapter's own limits, and some seconds. */}}
{{- define "policy-adapter.stopSeconds" -}}
{{- $shutdown := default dict .Values.settings.shutdown -}}
{{- $drain := default 4 $shutdown.drain_s -}}
{{- $deadline := default 10 $shutdown.deadline_s -}}
{{ addf $drain (mulf 2 $deadline) 6 | ceil | int }}
{{- end -}}

{{/* The variable of a setting: quota.url is read from POLICY_ADAPTER_QUOTA__URL. */}}
{{- define "policy-adapter.variable" -}}
POLICY_ADAPTER_{{ . | replace "." "__" | upper }}
{{- end -}}
